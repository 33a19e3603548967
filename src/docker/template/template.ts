/**
 * Tag templates: Go's text/template over moby's container info, as the engine's own drivers accept it.
 * Source: moby daemon/logger/loggerutils/log_tag.go.
 */
import type { EngineInfo } from '../container-info.ts';
import { fromBytes, toBytes } from './bytes.ts';
import { TemplateError } from './errors.ts';
import { evaluate } from './evaluator.ts';
import { FUNCTION_NAMES } from './functions.ts';
import { infoValue } from './info-value.ts';
import { parse } from './parser.ts';

export { TemplateError } from './errors.ts';

/** Stands at the head of every message. */
const NAME = 'log-tag';

/** In bytes. */
const MAX_TEMPLATE_BYTES = 64 * 1024;

export interface Template {
  /** Throws TemplateError; whatever was written until then is discarded. Bytes cut out of a character become U+FFFD. */
  execute(info: EngineInfo, hostname: string): string;
}

/** Whether the text renders as itself. */
export function isPlain(text: string): boolean {
  return !text.includes('{{');
}

/** Throws TemplateError. */
export function parseTemplate(text: string): Template {
  if (Buffer.byteLength(text) > MAX_TEMPLATE_BYTES) {
    throw new TemplateError(`template: ${NAME}: longer than ${MAX_TEMPLATE_BYTES} bytes`);
  }
  if (isPlain(text)) return { execute: () => text };
  const source = { name: NAME, text: toBytes(text) };
  const templates = parse(NAME, source.text, FUNCTION_NAMES);
  return { execute: (info, hostname) => fromBytes(evaluate(source, templates, infoValue(info, hostname))) };
}
