/** From layers to the options of one container: precedence, rules between options, servers and TLS. */
import { existsSync } from 'node:fs';
import type { Options } from '../core/options.generated.ts';
import type { Server, Tls } from '../core/target.ts';
import { parseYaml, type DocumentReading, type OutputRule, type Rule } from './document.ts';
import type { Layer } from './layers.ts';
import { showValue } from './mask.ts';
import { OptionError, type Problem } from './option-error.ts';
import { crossProblems, type MergedValues } from './rules.ts';
import { optionSchemas } from './schema.ts';
import { parseServers } from './servers.ts';
import { isCredential, separateCredentials } from './credentials.ts';
import { DEFAULT_ORIGIN, defaultLayer, environmentLayer, environmentWarnings, logOptLayer } from './sources.ts';
import { DEFAULT_FILES, readNamedYaml } from './yaml-file.ts';

/** What holds until the next reload, for every container. */
export interface Settings {
  /** Lowest first: schema default, YAML file, environment. */
  readonly layers: readonly Layer[];
  /** Lowest first. */
  readonly rules: readonly Rule[];
  /** Those of the plugin itself are final; a container may still change the others. */
  readonly options: Options;
  /** The YAML file, if there is one. */
  readonly file?: string;
  readonly warnings: readonly string[];
}

/** Where a value came from, and how it may be shown: secrets are ***. */
export interface Provenance { readonly origin: string; readonly value: string }

export interface ResolvedOptions {
  readonly options: Options;
  /** Never empty; all with TLS or none. */
  readonly servers: readonly Server[];
  /** Present when TLS is mandatory. */
  readonly tls: Tls | undefined;
  /** Every option that has a value, in the order of the schema. */
  readonly origins: ReadonlyMap<string, Provenance>;
  readonly warnings: readonly string[];
}

/** Later layers win. What only the engine reads is left out. */
function merge(layers: readonly Layer[]): MergedValues {
  const names = [...optionSchemas].filter(([, schema]) => schema['x-scope'] !== 'daemon').map(([name]) => name);
  return new Map(names.flatMap((name) => {
    const found = layers.findLast(({ values }) => values.has(name))?.values.get(name);
    return found === undefined ? [] : [[name, found]];
  }));
}

/** Each value was accepted by the schema that the type is generated from. */
function toOptions(values: MergedValues): Options {
  return Object.freeze(Object.fromEntries([...values].map(([name, { value }]) => [name, value]))) as unknown as Options;
}

/** Of a document alone. */
export function settingsOf(yaml: DocumentReading): Settings {
  const layers = [defaultLayer(), yaml.layer];
  return { layers, rules: yaml.rules, options: toOptions(merge(layers)), warnings: [] };
}

/** The YAML file and the environment without what is wrong in them, and an error with all that is. */
export function readSettings(env: NodeJS.ProcessEnv, defaultFiles: readonly string[] = DEFAULT_FILES): { settings: Settings; error: OptionError | undefined } {
  const environment = environmentLayer(env);
  const named = environment.layer.values.get('nats-config');
  const file = named === undefined ? defaultFiles.find((path) => existsSync(path)) : String(named.value);
  const yaml = file === undefined ? parseYaml('', '') : readNamedYaml(file, named?.origin ?? file);
  const problems = [...yaml.problems, ...environment.problems];
  const layers = [defaultLayer(), yaml.layer, environment.layer];
  return {
    settings: { layers, rules: yaml.rules, options: toOptions(merge(layers)), ...(file === undefined ? {} : { file }), warnings: environmentWarnings(env) },
    error: problems.length > 0 ? new OptionError(problems) : undefined,
  };
}

/** Reads the YAML file and the environment. Throws OptionError with all problems of both. */
export function loadSettings(env: NodeJS.ProcessEnv, defaultFiles: readonly string[] = DEFAULT_FILES): Settings {
  const { settings, error } = readSettings(env, defaultFiles);
  if (error !== undefined) throw error;
  return settings;
}

/** Judges what the options lead to; sees a lower layer's value in the place of a wrong one. */
export type Check = (options: Options, originOf: (option: string) => string) => readonly Problem[];

/** What the options of a container are made of, besides the settings and its log-opts. */
export interface Circumstances {
  /** Those that match the container, lowest first. */
  readonly rules?: readonly Rule[];
  /** undefined: the main one. */
  readonly output?: OutputRule;
  /** Names of log-opts whose secrets are not known any more. */
  readonly omitted?: readonly string[];
}

/** The options of one output of one container. Throws OptionError with all problems, those that `check` finds included. */
export function resolveOptions(
  settings: Settings, logOpts: Readonly<Record<string, string>>, check: Check = () => [], circumstances: Circumstances = {},
): ResolvedOptions {
  const { layer, problems } = logOptLayer(logOpts);
  const { lower, container, upper, isStripped } = stack(settings, layer, circumstances);
  const { values, warnings } = separateCredentials(merge([...lower, container, ...upper]), [...lower, ...upper], container, isStripped);
  const wrong = new Set(problems.map(({ option }) => option));
  const options = toOptions(values);
  const originOf = (option: string): string => values.get(option)?.origin ?? DEFAULT_ORIGIN;
  const all = [...problems, ...crossProblems(values, wrong), ...check(options, originOf)];
  if (all.length > 0) throw new OptionError(all);
  const servers = parseServers(options['nats-servers'], isTlsAskedFor(values));
  return {
    options,
    servers,
    tls: servers.some(({ tls }) => tls) ? toTls(options) : undefined,
    origins: new Map([...values].map(([name, value]) => [name, toProvenance(name, value)])),
    warnings: [...warnings, ...skipVerifyWarnings(values)],
  };
}

/** The operator's layers below and above the container's log-opts, each lowest first. */
interface Stack {
  readonly lower: readonly Layer[];
  /** As far as its log-opts hold. */
  readonly container: Layer;
  readonly upper: readonly Layer[];
  /** The container brought credentials that are not known any more. */
  readonly isStripped: boolean;
}

/** An output that has servers of its own gets no credentials of the container's, one with credentials no others. */
function stack({ layers }: Settings, logOpts: Layer, { rules = [], output, omitted = [] }: Circumstances): Stack {
  const forced = rules.map(({ force }) => force);
  const lower = [...layers, ...rules.map(({ options }) => options)];
  const isForced = (name: string): boolean => forced.some(({ values }) => values.has(name));
  const isStripped = omitted.length > 0;
  if (output === undefined) return { lower, container: without(logOpts, isForced), upper: forced, isStripped };
  const own = output.layer.values;
  const bringsOwn = own.keys().some(isCredential);
  const isLeftOut = (name: string): boolean => output.unset.has(name) || (bringsOwn && isCredential(name));
  const isOverruled = (name: string): boolean => isForced(name) || own.has(name) || (own.has('nats-servers') && isCredential(name));
  return {
    lower: lower.map((layer) => layer.kind === 'default' ? layer : without(layer, isLeftOut)),
    container: without(logOpts, (name) => isLeftOut(name) || isOverruled(name)),
    upper: [...forced.map((layer) => without(layer, isLeftOut)), output.layer],
    isStripped: isStripped && !bringsOwn && !own.has('nats-servers'),
  };
}

function without({ kind, values }: Layer, isLeftOut: (name: string) => boolean): Layer {
  return { kind, values: new Map([...values].filter(([name]) => !isLeftOut(name))) };
}

/** The template of the tag that rules are matched against: as it is without them. */
export function tagWithoutRules({ layers }: Settings, logOpts: Readonly<Record<string, string>>): string {
  return String(merge([...layers, logOptLayer(logOpts).layer]).get('tag')?.value ?? '');
}

/** The further outputs of a container: of two with one name, the later one counts. */
export function outputsOf(rules: readonly Rule[]): readonly OutputRule[] {
  return [...new Map(rules.flatMap(({ outputs }) => outputs.map((output) => [output.name, output] as const))).values()];
}

function toProvenance(name: string, { value, origin }: { value: Parameters<typeof showValue>[0]; origin: string }): Provenance {
  const schema = optionSchemas.get(name);
  return { origin, value: schema === undefined ? '' : showValue(value, schema) };
}

/** Whoever sets a TLS option, even to its default, never gets a connection without TLS. */
function isTlsAskedFor(values: MergedValues): boolean {
  return [...values].some(([name, { origin }]) => optionSchemas.get(name)?.['x-group'] === 'tls' && origin !== DEFAULT_ORIGIN);
}

function toTls(options: Options): Tls {
  const { 'nats-tls-ca-cert': caFile, 'nats-tls-cert': certFile, 'nats-tls-key': keyFile, 'nats-tls-server-name': serverName } = options;
  return Object.freeze({
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(serverName === undefined ? {} : { serverName }),
    handshakeFirst: options['nats-tls-handshake-first'],
    skipVerify: options['nats-tls-skip-verify'],
  });
}

function skipVerifyWarnings(values: MergedValues): readonly string[] {
  const skip = values.get('nats-tls-skip-verify');
  return skip?.value === true ? [`nats-tls-skip-verify: any server certificate is accepted (${skip.origin})`] : [];
}
