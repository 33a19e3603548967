/**
 * The YAML file; `schema/config.schema.json` describes it. Scalars are read as the texts that they are (the failsafe
 * schema), so that `8m`, `5` and `yes` mean in YAML what they mean in a log-opt. The parser's own messages are not
 * passed on: they quote the file, which may hold secrets.
 */
import { isMap, isNode, LineCounter, parseDocument, type Document, type YAMLMap } from 'yaml';
import configSchema from '../../schema/config.schema.json' with { type: 'json' };
import type { RawValue } from './convert.ts';
import { readLayer, type LayerReading, type RawEntry } from './layers.ts';
import { nearest } from './nearest.ts';
import { OptionError, quote, type Problem } from './option-error.ts';
import { FileFault, readSmallFile } from './read-file.ts';

/** Looked for in this order when `nats-config` is not set: on a host, in the managed plugin. */
export const DEFAULT_FILES: readonly string[] = ['/etc/nats-log-driver/config.yaml', '/srv/nats-log-driver/config.yaml'];

const MAX_FILE_BYTES = 1024 * 1024;

/** Enough for honest use, far too few for an expansion attack. */
const MAX_ALIASES = 100;

const TOP_LEVEL_KEYS = Object.keys(configSchema.properties);

/** Offset in the file → `/etc/x.yaml:12:3`. */
type Place = (offset: number) => string;

function keysOf(map: YAMLMap): [string, number][] {
  return map.items.map(({ key }) => [String(key), isNode(key) ? key.range?.[0] ?? 0 : 0]);
}

function broken(wanted: string, origin: string): OptionError {
  return new OptionError([{ option: 'nats-config', wanted, origin }]);
}

function syntaxProblems(document: Document.Parsed, place: Place): Problem[] {
  return [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    option: 'nats-config', wanted: `broken YAML: ${code.toLowerCase().replaceAll('_', ' ')}`, origin: place(pos[0]),
  }));
}

function unknownKeys(root: YAMLMap, place: Place): Problem[] {
  return keysOf(root).filter(([key]) => !TOP_LEVEL_KEYS.includes(key)).map(([option, offset]) => {
    const suggestion = nearest(option, TOP_LEVEL_KEYS);
    const wanted = suggestion === undefined ? `unknown key, expected ${TOP_LEVEL_KEYS.join(' or ')}` : 'unknown key';
    return { option, wanted, suggestion, origin: place(offset) };
  });
}

/** Plain data of a document: maps for maps, so that no key is special. */
function toData(document: Document.Parsed, place: Place): unknown {
  try {
    return document.toJS({ mapAsMap: true, maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (error instanceof ReferenceError) throw broken(`broken YAML: more than ${MAX_ALIASES} aliases`, place(0));
    throw error;
  }
}

/** A key without a value is an option that is not set, like an empty text. */
function toRawValue(data: unknown): RawValue {
  return data === null || data === undefined ? '' : data as RawValue;
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new OptionError(problems);
}

/** The entries under `defaults`. Throws OptionError when the file has another shape. */
function defaultsOf(document: Document.Parsed, place: Place): readonly RawEntry[] {
  const root = document.contents;
  const data = toData(document, place);
  if (data === null) return [];
  if (!isMap(root) || !(data instanceof Map)) throw broken('expected a map with the key defaults', place(0));
  refuse(unknownKeys(root, place));
  const [node, defaults]: [unknown, unknown] = [root.get('defaults'), data.get('defaults')];
  if (defaults === null || defaults === undefined) return [];
  if (!isMap(node) || !(defaults instanceof Map)) throw broken('expected a map of options under defaults', place(0));
  return keysOf(node).map(([name, offset]) => ({ name, value: toRawValue(defaults.get(name)), origin: place(offset) }));
}

/** Throws OptionError when the text is no YAML, or not ours. */
function parseEntries(text: string, path: string): readonly RawEntry[] {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe', customTags: ['null'], uniqueKeys: true, prettyErrors: false, lineCounter: lines,
  });
  const place: Place = (offset) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  refuse(syntaxProblems(document, place));
  return defaultsOf(document, place);
}

/** A file that cannot be used as a whole gives an empty layer and says why. */
function toReading(entries: () => readonly RawEntry[]): LayerReading {
  try {
    return readLayer('yaml', entries());
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return { ...readLayer('yaml', []), problems: error.problems };
  }
}

/** The YAML layer of a text; `path` is for the origins only. */
export function parseYaml(text: string, path: string): LayerReading {
  return toReading(() => parseEntries(text, path));
}

function readText(path: string, origin: string): string {
  try {
    return readSmallFile(path, MAX_FILE_BYTES).toString();
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    throw broken(`expected a readable file, found ${error.message} at ${quote(path)}`, origin);
  }
}

/** A file that must exist; `origin` says who named it. */
export function readNamedYaml(path: string, origin: string): LayerReading {
  return toReading(() => parseEntries(readText(path, origin), path));
}
