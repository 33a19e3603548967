/**
 * A configuration document, in a file or a bucket: defaults, and rules for some of the containers.
 * `schema/config.schema.json` describes it.
 */
import { createHash } from 'node:crypto';
import configSchema from '../../schema/config.schema.json' with { type: 'json' };
import { MAIN_OUTPUT } from '../core/plan.ts';
import { globProblem, type Allow } from './allow.ts';
import type { RawValue } from './convert.ts';
import { readLayer, type Layer, type LayerReading, type RawEntry } from './layers.ts';
import { showValue } from './mask.ts';
import { EVERYTHING, MATCH_KEYS, type Match, type MatchKey } from './match.ts';
import { nearest } from './nearest.ts';
import { OptionError, quote, type Problem } from './option-error.ts';
import { optionSchemas, type LayerKind } from './schema.ts';
import { isNothing, parseTree, type Tree } from './yaml-tree.ts';

/** One further output of a container. */
export interface OutputRule {
  /** Tells it from the others of a container, and stays the same while its options do. */
  readonly name: string;
  readonly layer: Layer;
  /** Options that are set for the main output and are not for this one. */
  readonly unset: ReadonlySet<string>;
  readonly origin: string;
}

export interface Rule {
  readonly match: Match;
  /** Beat defaults and plugin settings. */
  readonly options: Layer;
  /** Beat log-opts, too. */
  readonly force: Layer;
  readonly outputs: readonly OutputRule[];
  /** `/etc/x.yaml:12:3 (rule 2)` */
  readonly origin: string;
}

/** `layer`: the defaults. */
export interface DocumentReading extends LayerReading {
  readonly rules: readonly Rule[];
  /** undefined: containers may set all that they can. */
  readonly allow: Allow | undefined;
}

const TOP_LEVEL_KEYS = Object.keys(configSchema.properties);
const RULE_KEYS = Object.keys(configSchema.properties.rules.items.properties);
/** A part of file names and of JetStream's message identities. */
const OUTPUT_NAME = /^[A-Za-z0-9-]{1,32}$/;
const NOTHING: DocumentReading = { ...readLayer('yaml', []), rules: [], allow: undefined };

/** A text that cannot be used as a whole gives an empty document and says why. `path` is for the origins only. */
export function parseYaml(text: string, path: string): DocumentReading {
  return orProblems(() => readDocument(parseTree(text, path)));
}

/** An OptionError becomes the problems of an empty document. */
export function orProblems(read: () => DocumentReading): DocumentReading {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return { ...NOTHING, problems: error.problems };
  }
}

function readDocument(root: Tree): DocumentReading {
  if (isNothing(root)) return NOTHING;
  const entries = root.entries();
  if (entries === undefined) throw new OptionError([{ option: 'nats-config', wanted: 'expected a map with the keys defaults, allow, rules', origin: root.place }]);
  const unknown = unknownKeys(entries, TOP_LEVEL_KEYS);
  if (unknown.length > 0) throw new OptionError(unknown);
  const parts = new Map(entries);
  const { layer, problems } = readDefaults(parts.get('defaults'));
  const { rules, problems: faults } = readRules(parts.get('rules'));
  const { allow, problems: globs } = readAllow(parts.get('allow'));
  return { layer, rules, allow, problems: [...problems, ...globs, ...faults] };
}

function unknownKeys(entries: readonly (readonly [string, Tree])[], known: readonly string[], suffix = ''): Problem[] {
  return entries.filter(([key]) => !known.includes(key)).map(([option, { place }]) => {
    const suggestion = nearest(option, known);
    const wanted = suggestion === undefined ? `unknown key, expected ${known.join(', ')}` : 'unknown key';
    return { option, wanted, suggestion, origin: place + suffix };
  });
}

function readDefaults(tree: Tree | undefined): LayerReading {
  if (tree === undefined || isNothing(tree)) return readLayer('yaml', []);
  const entries = tree.entries();
  if (entries !== undefined) return readLayer('yaml', toRaw(entries, ''));
  return { ...readLayer('yaml', []), problems: [{ option: 'nats-config', wanted: 'expected a map of options under defaults', origin: tree.place }] };
}

/** A list of nothing allows nothing; no list at all would be a slip with large consequences, whichever way it was meant. */
function readAllow(tree: Tree | undefined): { allow: Allow | undefined; problems: readonly Problem[] } {
  if (tree === undefined) return { allow: undefined, problems: [] };
  const items = tree.items();
  const origin = tree.place;
  if (items === undefined || !items.every(({ data }) => typeof data === 'string')) {
    return { allow: { globs: [], origin }, problems: [{ option: 'allow', wanted: 'expected a list of names of options, or globs of them', origin }] };
  }
  const globs = items.map(({ data }) => String(data));
  const problems = items.map(({ data, place }) => globProblem(String(data), place)).filter((problem) => problem !== undefined);
  return { allow: { globs, origin }, problems };
}

function toRaw(entries: readonly (readonly [string, Tree])[], suffix: string): RawEntry[] {
  return entries.map(([name, tree]) => ({ name, value: isNothing(tree) ? '' : tree.data as RawValue, origin: tree.place + suffix }));
}

function readRules(tree: Tree | undefined): { rules: readonly Rule[]; problems: readonly Problem[] } {
  if (tree === undefined || isNothing(tree)) return { rules: [], problems: [] };
  const items = tree.items();
  if (items === undefined) return { rules: [], problems: [{ option: 'rules', wanted: 'expected a list of rules', origin: tree.place }] };
  const readers = items.map((item, index) => new RuleReader(item, index + 1));
  return { rules: readers.map((reader) => reader.rule), problems: readers.flatMap(({ problems }) => problems) };
}

class RuleReader {
  readonly problems: Problem[] = [];
  readonly rule: Rule;
  /** Stands behind each origin. */
  readonly #suffix: string;

  constructor(tree: Tree, number: number) {
    this.#suffix = ` (rule ${number})`;
    const entries = this.#map('rules', tree, 'a rule with the keys match, options, force, outputs', this.#suffix);
    this.problems.push(...unknownKeys(entries, RULE_KEYS, this.#suffix));
    const parts = new Map(entries);
    this.rule = {
      match: this.#match(parts.get('match')),
      options: this.#layer('options', parts.get('options')),
      force: this.#layer('force', parts.get('force')),
      outputs: this.#outputs(parts.get('outputs')),
      origin: tree.place + this.#suffix,
    };
  }

  #layer(key: string, tree: Tree | undefined): Layer {
    return this.#read('rule', toRaw(this.#map(key, tree, 'a map of options', this.#suffix), this.#suffix));
  }

  #read(kind: LayerKind, raw: readonly RawEntry[]): Layer {
    const { layer, problems } = readLayer(kind, raw);
    this.problems.push(...problems);
    return layer;
  }

  #map(option: string, tree: Tree | undefined, wanted: string, suffix: string): readonly (readonly [string, Tree])[] {
    if (tree === undefined || isNothing(tree)) return [];
    const entries = tree.entries();
    if (entries === undefined) this.problems.push({ option, wanted: `expected ${wanted}`, origin: tree.place + suffix });
    return entries ?? [];
  }

  #match(tree: Tree | undefined): Match {
    const entries = this.#map('match', tree, `a map with the keys ${MATCH_KEYS.join(', ')}, label`, this.#suffix);
    if (entries.length === 0) return EVERYTHING;
    this.problems.push(...unknownKeys(entries, [...MATCH_KEYS, 'label'], this.#suffix));
    const labels = entries.filter(([key]) => key === 'label').flatMap(([, value]) => this.#map('label', value, 'a map of label keys and globs', this.#suffix));
    return {
      keys: new Map(MATCH_KEYS.flatMap((key) => entries.filter(([name]) => name === key).map(([, value]): [MatchKey, readonly string[]] => [key, this.#globs(key, value)]))),
      labels: new Map(labels.map(([key, value]) => [key, this.#globs(`label ${key}`, value)])),
    };
  }

  /** An empty one matches what is empty. */
  #globs(option: string, { data, place }: Tree): readonly string[] {
    const globs: readonly unknown[] = Array.isArray(data) ? data : [data ?? ''];
    if (globs.length > 0 && globs.every((glob) => typeof glob === 'string')) return globs;
    this.problems.push({ option, wanted: 'expected a glob or a list of globs', origin: place + this.#suffix });
    return [];
  }

  #outputs(tree: Tree | undefined): readonly OutputRule[] {
    if (tree === undefined || isNothing(tree)) return [];
    const items = tree.items();
    if (items === undefined) this.problems.push({ option: 'outputs', wanted: 'expected a list of maps of options', origin: tree.place + this.#suffix });
    const outputs = (items ?? []).map((item) => this.#output(item));
    const twice = outputs.filter(({ name }, index) => outputs.findIndex((other) => other.name === name) < index);
    this.problems.push(...twice.map(({ name, origin }) => ({ option: 'outputs', wanted: `another output of this rule has the name ${name}`, origin })));
    return outputs;
  }

  #output(tree: Tree): OutputRule {
    const all = this.#map('outputs', tree, 'a map of options', this.#suffix);
    const given = all.find(([key]) => key === 'name')?.[1];
    const suffix = given === undefined ? this.#suffix : `${this.#suffix.slice(0, -1)}, output ${quoteName(given.data)})`;
    const entries = all.filter(([key]) => key !== 'name');
    const layer = this.#read('output', toRaw(entries, suffix));
    const unset = new Set(entries.filter(([, value]) => isNothing(value)).map(([name]) => name));
    if (given === undefined) return { name: nameOf(layer, unset), layer, unset, origin: tree.place + this.#suffix };
    const name = String(given.data);
    if (!OUTPUT_NAME.test(name) || name === MAIN_OUTPUT) {
      const wanted = `expected up to 32 letters, digits and hyphens other than ${MAIN_OUTPUT}, got ${quote(name)}`;
      this.problems.push({ option: 'name', wanted, origin: given.place + this.#suffix });
    }
    return { name, layer, unset, origin: tree.place + suffix };
  }
}

function quoteName(name: unknown): string {
  return typeof name === 'string' && OUTPUT_NAME.test(name) ? name : quote(String(name));
}

/** For an output without a name: the same wherever it stands, as long as it says the same. Made without secrets. */
function nameOf({ values }: Layer, unset: ReadonlySet<string>): string {
  const shown = [...values].map(([name, { value }]) => {
    const schema = optionSchemas.get(name);
    return [name, schema === undefined ? '' : showValue(value, schema)];
  });
  return createHash('sha256').update(JSON.stringify([shown.sort(), [...unset].sort()])).digest('hex').slice(0, 8);
}
