/** From layers to the options of one container: precedence, rules between options, servers and TLS. */
import { existsSync } from 'node:fs';
import type { Options } from '../core/options.generated.ts';
import type { Login, Server, Tls } from '../core/target.ts';
import { parseYaml, type DocumentReading, type OutputRule, type Rule } from './document.ts';
import type { Layer } from './layers.ts';
import { showValue } from './mask.ts';
import { OptionError, type Problem } from './option-error.ts';
import { ruleProblems, tlsFileProblemsOf, type MergedValues } from './rules.ts';
import { optionSchemas } from './schema.ts';
import { parseServers } from './servers.ts';
import { forbidden, type Allow } from './allow.ts';
import { expandContext } from './context.ts';
import { isCredential, pointsSomewhere, separateCredentials } from './credentials.ts';
import { LoginFault, readLogin, toLogin } from './login.ts';
import { DEFAULT_ORIGIN, defaultLayer, environmentLayer, environmentWarnings, logOptLayer } from './sources.ts';
import { isTlsAskedFor, skipVerifyWarnings, toTls } from './tls.ts';
import { DEFAULT_FILES, readNamedYaml } from './yaml-file.ts';

/** What holds until the next reload, for every container. */
export interface Settings {
  /** Lowest first: schema default, YAML file, KV bucket, environment. */
  readonly layers: readonly Layer[];
  /** Lowest first. */
  readonly rules: readonly Rule[];
  /** What containers may set; undefined: all that they can. */
  readonly allow: Allow | undefined;
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
  readonly login: Login;
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

/** The same, made of these layers. */
export function withLayers(settings: Settings, layers: readonly Layer[]): Settings {
  return { ...settings, layers, options: toOptions(merge(layers)) };
}

/** Of a document alone. */
export function settingsOf(yaml: DocumentReading): Settings {
  const layers = [defaultLayer(), yaml.layer];
  return { layers, rules: yaml.rules, allow: yaml.allow, options: toOptions(merge(layers)), warnings: [] };
}

/** The YAML file as it was found. */
export interface FoundFile {
  /** undefined: there is none, and none was named. */
  readonly file?: string;
  readonly text: string;
  readonly reading: DocumentReading;
}

export function readFile(env: NodeJS.ProcessEnv, defaultFiles: readonly string[] = DEFAULT_FILES): FoundFile {
  const named = environmentLayer(env).layer.values.get('nats-config');
  const file = named === undefined ? defaultFiles.find((path) => existsSync(path)) : String(named.value);
  return file === undefined ? { text: '', reading: parseYaml('', '') } : { file, ...readNamedYaml(file, named?.origin ?? file) };
}

/** What is right in the documents and the environment. `bucket`: of a KV bucket, over the file. */
export function composeSettings(env: NodeJS.ProcessEnv, { file, reading }: FoundFile, bucket?: DocumentReading): Settings {
  const documents = bucket === undefined ? [reading] : [reading, bucket];
  const layers = [defaultLayer(), ...documents.map(({ layer }) => layer), environmentLayer(env).layer];
  return {
    layers,
    rules: documents.flatMap(({ rules }) => rules),
    allow: documents.findLast(({ allow }) => allow !== undefined)?.allow,
    options: toOptions(merge(layers)),
    ...(file === undefined ? {} : { file }),
    warnings: environmentWarnings(env),
  };
}

/** The YAML file and the environment without what is wrong in them, and an error with all that is. */
export function readSettings(env: NodeJS.ProcessEnv, defaultFiles: readonly string[] = DEFAULT_FILES): { settings: Settings; error: OptionError | undefined } {
  const found = readFile(env, defaultFiles);
  const problems = [...found.reading.problems, ...environmentLayer(env).problems];
  return { settings: composeSettings(env, found), error: problems.length > 0 ? new OptionError(problems) : undefined };
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
  readonly output?: OutputRule | undefined;
  /** Names of log-opts whose secrets are not known any more. */
  readonly omitted?: readonly string[];
  /** Files that are read at each connection need not be there now. */
  readonly mayLackFiles?: boolean;
}

/** The options of one output of one container. Throws OptionError with all problems, those that `check` finds included. */
export function resolveOptions(
  settings: Settings, logOpts: Readonly<Record<string, string>>, check: Check = () => [], circumstances: Circumstances = {},
): ResolvedOptions {
  const dirs = settings.options['nats-secret-dirs'];
  const { layer, problems } = logOptLayer(logOpts);
  const { lower, container, context, upper, isStripped, problems: contextProblems } = stack(settings, layer, circumstances);
  const parts = { values: merge([...lower, container, ...upper]), operator: merge([...lower, ...upper]), container, context, isStripped };
  const { values, warnings, problems: misdirected } = separateCredentials(parts);
  const wrong = new Set(problems.map(({ option }) => option));
  const options = toOptions(values);
  const originOf = (option: string): string => values.get(option)?.origin ?? DEFAULT_ORIGIN;
  const login = toLogin(options);
  const before = [...problems, ...forbidden(layer, settings.allow), ...contextProblems, ...misdirected, ...ruleProblems(values, wrong)];
  // A file of which one must not know is not looked at.
  const files = before.length > 0 || circumstances.mayLackFiles === true ? NOTHING_FOUND : lookAtLogin(login, dirs, originOf);
  const tlsFiles = circumstances.mayLackFiles === true ? [] : tlsFileProblemsOf(values, container.values, dirs);
  const all = [...before, ...files.problems, ...tlsFiles, ...check(options, originOf)];
  if (all.length > 0) throw new OptionError(all);
  const servers = parseServers(options['nats-servers'], isTlsAskedFor(values));
  return {
    options,
    servers,
    tls: servers.some(({ tls }) => tls) ? toTls(options, container.values) : undefined,
    login,
    origins: new Map([...values].map(([name, value]) => [name, toProvenance(name, value)])),
    warnings: [...warnings, ...files.warnings, ...skipVerifyWarnings(values)],
  };
}

interface Findings { readonly problems: readonly Problem[]; readonly warnings: readonly string[] }

const NOTHING_FOUND: Findings = { problems: [], warnings: [] };

/** A secret that cannot be used is an error of `docker run`, and not of the first connection. */
function lookAtLogin(login: Login, dirs: readonly string[], originOf: (option: string) => string): Findings {
  try {
    const { warnings } = readLogin(login, dirs);
    return { problems: [], warnings };
  } catch (error) {
    if (!(error instanceof LoginFault)) throw error;
    return { problems: [{ option: error.option, wanted: error.wanted, origin: originOf(error.option) }], warnings: [] };
  }
}

/** The operator's layers below and above the container's log-opts, each lowest first. */
interface Stack {
  readonly lower: readonly Layer[];
  /** As far as its log-opts hold. */
  readonly container: Layer;
  /** What the context says that the log-opts name. */
  readonly context: Layer;
  readonly upper: readonly Layer[];
  /** The container brought credentials that are not known any more. */
  readonly isStripped: boolean;
  readonly problems: readonly Problem[];
}

/** An output that has servers of its own gets nothing of the container's connection, one with credentials no others. */
function stack({ layers, options }: Settings, logOpts: Layer, { rules = [], output, omitted = [] }: Circumstances): Stack {
  const problems: Problem[] = [];
  const expand = (layer: Layer): { layer: Layer; context: Layer } => {
    const expansion = expandContext(layer, options['nats-secret-dirs']);
    problems.push(...expansion.problems);
    return expansion;
  };
  const forced = rules.map(({ force }) => expand(force).layer);
  const lower = [...layers, ...rules.map(({ options: each }) => each)].map((layer) => expand(layer).layer);
  const { layer: given, context } = expand(logOpts);
  const isForced = (name: string): boolean => forced.some(({ values }) => values.has(name));
  const isStripped = omitted.length > 0;
  if (output === undefined) return { lower, container: without(given, isForced), context, upper: forced, isStripped, problems };
  const { layer: ownLayer } = expand(output.layer);
  const own = ownLayer.values;
  const bringsOwn = own.keys().some(isCredential);
  const isLeftOut = (name: string): boolean => output.unset.has(name) || (bringsOwn && isCredential(name));
  const isOfConnection = (name: string): boolean => isCredential(name) || pointsSomewhere(name);
  const isOverruled = (name: string): boolean => isForced(name) || own.has(name) || (own.has('nats-servers') && isOfConnection(name));
  return {
    lower: lower.map((layer) => layer.kind === 'default' ? layer : without(layer, isLeftOut)),
    container: without(given, (name) => isLeftOut(name) || isOverruled(name)),
    context,
    upper: [...forced.map((layer) => without(layer, isLeftOut)), ownLayer],
    isStripped: isStripped && !bringsOwn && !own.has('nats-servers'),
    problems,
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
