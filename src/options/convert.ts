/**
 * Between texts and typed values. Every layer brings texts (or lists of texts); they become numbers, booleans and
 * lists here and nowhere else. A text that cannot be converted stays a text: the schema then refuses it.
 */
import type { OptionSchema, OptionValue } from './schema.ts';
import { formatBytes, formatDuration, parseBytes, parseDuration } from './units.ts';

/** Deeper structures can only come from YAML; they pass through and are refused by the schema. */
export type RawValue = string | readonly unknown[] | object;

const BOOLEANS = new Map([['true', true], ['1', true], ['yes', true], ['false', false], ['0', false], ['no', false]]);

function parseInteger(text: string): number | undefined {
  return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

function parseNumber(text: string, unit: OptionSchema['x-unit']): number | undefined {
  if (unit === 'bytes') return parseBytes(text);
  return unit === 'ms' ? parseDuration(text) : parseInteger(text);
}

/** Numbers, booleans and names are read without the blanks around them; other texts are taken as they are. */
function convertText(text: string, schema: OptionSchema): unknown {
  switch (schema.type) {
    case 'integer': return parseNumber(text.trim(), schema['x-unit']) ?? text;
    case 'boolean': return BOOLEANS.get(text.trim().toLowerCase()) ?? text;
    default: return schema.enum === undefined ? text : text.trim();
  }
}

function convertList(items: readonly unknown[], schema: OptionSchema, separator: string): unknown {
  const trimmed = items.map((item) => (typeof item === 'string' ? item.trim() : item)).filter((item) => item !== '');
  const isText = schema.type === 'string' && trimmed.every((item) => typeof item === 'string');
  return isText ? trimmed.join(separator) : trimmed;
}

export function convert(raw: RawValue, schema: OptionSchema): unknown {
  const separator = schema['x-separator'];
  if (separator === undefined) return typeof raw === 'string' ? convertText(raw, schema) : raw;
  const items: unknown = typeof raw === 'string' ? raw.split(separator) : raw;
  return Array.isArray(items) ? convertList(items, schema, separator) : raw;
}

/** A typed value as a person would write it in a log-opt. */
export function formatValue(value: OptionValue, schema: OptionSchema): string {
  if (typeof value === 'object') return value.join(schema['x-separator']);
  if (typeof value === 'number' && schema['x-unit'] !== undefined) {
    return schema['x-unit'] === 'bytes' ? formatBytes(value) : formatDuration(value);
  }
  return String(value);
}

function alternatives(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** The bound that was crossed; the lower one when it was neither. */
function range(schema: OptionSchema, keyword: string, write: (value: number) => string): string {
  const bound = keyword === 'maximum' ? schema.maximum : schema.minimum;
  return bound === undefined ? '' : ` ${keyword === 'maximum' ? '<=' : '>='} ${write(bound)}`;
}

/** What an option wants, in words that follow "expected", told to whom Ajv refused a value for `keyword`. */
export function wish(schema: OptionSchema, keyword: string): string {
  if (schema.enum !== undefined) return alternatives(schema.enum);
  if (schema['x-unit'] === 'bytes') return `a size such as 8m or 512k${range(schema, keyword, formatBytes)}`;
  if (schema['x-unit'] === 'ms') return `a duration such as 5s or 500ms${range(schema, keyword, formatDuration)}`;
  if (schema['x-separator'] !== undefined) return keyword === 'minItems' ? 'at least one value' : 'a list of texts';
  const integer = `an integer${range(schema, keyword, String)}`;
  return { integer, boolean: 'true or false', string: 'a text', array: 'a list' }[schema.type];
}
