/**
 * Layers as data: what each source of configuration says, typed, with its origin. Precedence is the order of a list:
 * schema default, YAML file, environment (plugin settings), rules, log-opts (the engine has merged daemon.json into
 * them), rules that force.
 */
import { convert, wish, type RawValue } from './convert.ts';
import { maskValue } from './mask.ts';
import { nearestOption } from './nearest.ts';
import type { Problem } from './option-error.ts';
import {
  environmentName, formatFault, isAllowedIn, optionSchemas, schemaErrors, type LayerKind, type OptionSchema, type OptionValue,
} from './schema.ts';

/** Where a value came from, for a human: `default`, `/etc/x.yaml:12:3`, `plugin setting NATS_SERVERS`, `log-opt`. */
export type Origin = string;

export interface LayerValue { readonly value: OptionValue; readonly origin: Origin }

export interface Layer {
  readonly kind: LayerKind;
  readonly values: ReadonlyMap<string, LayerValue>;
}

/** A layer and what is wrong with it; wrong values are not in the layer. */
export interface LayerReading { readonly layer: Layer; readonly problems: readonly Problem[] }

/** One entry of a source before its name and value are judged. */
export interface RawEntry { readonly name: string; readonly value: RawValue; readonly origin: Origin }

/** Nobody reads more suggestions, and each costs a comparison with every name. */
const SUGGESTED_NAMES = 20;

/** Names and types. An empty text means that the option is not set. */
export function readLayer(kind: LayerKind, entries: readonly RawEntry[]): LayerReading {
  const misplaced = entries.filter(({ name }) => !isKnownIn(kind, name));
  const given = entries.filter(({ name, value }) => isKnownIn(kind, name) && value !== '');
  const typed = new Map(given.map((entry) => [entry.name, { entry, value: convertEntry(entry) }]));
  const valueProblems = judge(typed);
  const wrong = new Set(valueProblems.map(({ option }) => option));
  const values = [...typed]
    .filter(([name]) => !wrong.has(name))
    .map(([name, { entry, value }]): [string, LayerValue] => [name, { value: freeze(value), origin: entry.origin }]);
  return {
    layer: { kind, values: new Map(values) },
    problems: [...misplaced.map((entry, index) => misplacedProblem(kind, entry, index)), ...valueProblems],
  };
}

function isKnownIn(kind: LayerKind, name: string): boolean {
  const schema = optionSchemas.get(name);
  return schema !== undefined && isAllowedIn(kind, schema);
}

function convertEntry({ name, value }: RawEntry): unknown {
  const schema = optionSchemas.get(name);
  return schema === undefined ? value : convert(value, schema);
}

/** Called with values that the schema accepted, so they are of its types. */
function freeze(value: unknown): OptionValue {
  return Object.freeze(value) as OptionValue;
}

function misplacedProblem(kind: LayerKind, { name, origin }: RawEntry, index: number): Problem {
  const schema = optionSchemas.get(name);
  if (schema !== undefined) return { option: name, wanted: rightPlace(kind, name, schema), origin };
  const suggestion = index < SUGGESTED_NAMES ? nearestOption(name, kind) : undefined;
  return { option: name, wanted: 'unknown option', suggestion, origin };
}

function rightPlace(kind: LayerKind, name: string, schema: OptionSchema): string {
  if (kind === 'output' && schema['x-scope'] === 'container') return 'concerns all outputs of the container, set it under options';
  if (schema['x-scope'] === 'daemon') return 'is read by the engine, and can only be a log-opt';
  const yaml = isAllowedIn('yaml', schema) ? ' or under defaults in the YAML file' : '';
  return `concerns the whole plugin, set it with "docker plugin set nats ${environmentName(name)}=…"${yaml}`;
}

type Typed = ReadonlyMap<string, { readonly entry: RawEntry; readonly value: unknown }>;

/** One problem for each option, or item of a list, that the schema refuses; Ajv's own words are not used. */
function judge(typed: Typed): Problem[] {
  const errors = schemaErrors(Object.fromEntries([...typed].map(([name, { value }]) => [name, value])));
  const problems = new Map<string, Problem>();
  for (const { instancePath, keyword, data } of errors) {
    const [, name = '', item] = instancePath.split('/');
    const [schema, found] = [optionSchemas.get(name), typed.get(name)];
    if (schema === undefined || found === undefined || problems.has(instancePath)) continue;
    const fault = formatFault(item === undefined ? schema.format : schema.items?.format, data);
    const wanted = `expected ${fault ?? wish(schema, keyword)}`;
    const given = item === undefined ? found.entry.value : data;
    problems.set(instancePath, { option: name, wanted, value: maskValue(given, schema), origin: found.entry.origin });
  }
  return [...problems.values()];
}
