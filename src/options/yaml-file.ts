/** The YAML file: where it is looked for, and what it says. */
import { orProblems, parseYaml, type DocumentReading } from './document.ts';
import { OptionError, quotePath } from './option-error.ts';
import { FileFault, readSmallFile } from '../core/read-file.ts';

/** Looked for in this order when `nats-config` is not set: on a host, in the managed plugin. */
export const DEFAULT_FILES: readonly string[] = ['/etc/nats-log-driver/config.yaml', '/srv/nats-log-driver/config.yaml'];

/** Of a document, in bytes. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;

function readText(path: string, origin: string): string {
  try {
    return readSmallFile(path, MAX_DOCUMENT_BYTES).toString();
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    throw new OptionError([{ option: 'nats-config', wanted: `expected a readable file, found ${error.message} at ${quotePath(path)}`, origin }]);
  }
}

/** A file that must exist; `origin` says who named it. The text is empty where it cannot be read. */
export function readNamedYaml(path: string, origin: string): { readonly text: string; readonly reading: DocumentReading } {
  let text = '';
  const reading = orProblems(() => parseYaml(text = readText(path, origin), path));
  return { text, reading };
}
