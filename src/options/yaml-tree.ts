/**
 * YAML as a tree whose parts know their places. Scalars are read as the texts that they are (the failsafe schema), so
 * that `8m`, `5` and `yes` mean in YAML what they mean in a log-opt. The parser's own messages are not passed on: they
 * quote the text, which may hold secrets.
 */
import { isAlias, isMap, isNode, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import { OptionError } from './option-error.ts';

/** Enough for honest use, far too few for an expansion attack. */
const MAX_ALIASES = 100;

/** A part of the tree. */
export interface Tree {
  /** Texts, lists, maps (for maps, so that no key is special), null. */
  readonly data: unknown;
  /** `/etc/x.yaml:12:3`: of the key where it has one. */
  readonly place: string;
  /** Of a map, in order; undefined: it is none. */
  readonly entries: () => readonly (readonly [key: string, value: Tree])[] | undefined;
  /** Of a list; undefined: it is none. */
  readonly items: () => readonly Tree[] | undefined;
}

/** Nothing stands there: an option without a value is not set. */
export function isNothing({ data }: Tree): boolean {
  return data === null || data === undefined || data === '';
}

/** `path` is for the places only. Throws OptionError when the text is no YAML. */
export function parseTree(text: string, path: string): Tree {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe', customTags: ['null'], uniqueKeys: true, prettyErrors: false, lineCounter: lines,
  });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw new OptionError(faults.map(({ code, pos }) => broken(code.toLowerCase().replaceAll('_', ' '), place(pos[0]))));
  }
  return toTree(document, place, document.contents, toData(document, place), 0);
}

function broken(what: string, origin: string): OptionError['problems'][number] {
  return { option: 'nats-config', wanted: `broken YAML: ${what}`, origin };
}

function toData(document: Document.Parsed, place: (offset: number) => string): unknown {
  try {
    return document.toJS({ mapAsMap: true, maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (error instanceof ReferenceError) throw new OptionError([broken(`more than ${MAX_ALIASES} aliases`, place(0))]);
    throw error;
  }
}

/** `offset`: of the part, or of its key. */
function toTree(document: Document.Parsed, place: (offset: number) => string, node: unknown, data: unknown, offset: number): Tree {
  const found = isAlias(node) ? node.resolve(document) : node;
  return {
    data,
    place: place(offset),
    entries: () => !isMap(found) || !(data instanceof Map) ? undefined : found.items.map(({ key, value }) =>
      [String(key), toTree(document, place, value, data.get(keyOf(key)), offsetOf(key))] as const),
    items: () => !isSeq(found) || !Array.isArray(data) ? undefined : found.items.map((item, index) =>
      toTree(document, place, item, data[index], offsetOf(item))),
  };
}

function offsetOf(node: unknown): number {
  return isNode(node) ? node.range?.[0] ?? 0 : 0;
}

/** As `toJS` makes it of a scalar. */
function keyOf(key: unknown): unknown {
  return isNode(key) && 'value' in key ? key.value : key;
}
