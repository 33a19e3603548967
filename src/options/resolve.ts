/** From layers to the options of one container: precedence, rules between options, servers and TLS. */
import { existsSync } from 'node:fs';
import type { Options } from '../core/options.generated.ts';
import type { Server, Tls } from '../core/target.ts';
import { readLayer, type Layer, type LayerReading } from './layers.ts';
import { showValue } from './mask.ts';
import { OptionError, type Problem } from './option-error.ts';
import { crossProblems, type MergedValues } from './rules.ts';
import { optionSchemas } from './schema.ts';
import { parseServers } from './servers.ts';
import { separateCredentials } from './credentials.ts';
import { DEFAULT_ORIGIN, defaultLayer, environmentLayer, environmentWarnings, logOptLayer } from './sources.ts';
import { DEFAULT_FILES, readNamedYaml } from './yaml-file.ts';

/** What holds until the next reload, for every container. */
export interface Settings {
  /** Lowest first: schema default, YAML file, environment. */
  readonly layers: readonly Layer[];
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
export function settingsOf(yaml: LayerReading): Settings {
  const layers = [defaultLayer(), yaml.layer];
  return { layers, options: toOptions(merge(layers)), warnings: [] };
}

/** The YAML file and the environment without what is wrong in them, and an error with all that is. */
export function readSettings(env: NodeJS.ProcessEnv, defaultFiles: readonly string[] = DEFAULT_FILES): { settings: Settings; error: OptionError | undefined } {
  const environment = environmentLayer(env);
  const named = environment.layer.values.get('nats-config');
  const file = named === undefined ? defaultFiles.find((path) => existsSync(path)) : String(named.value);
  const yaml = file === undefined ? readLayer('yaml', []) : readNamedYaml(file, named?.origin ?? file);
  const problems = [...yaml.problems, ...environment.problems];
  const layers = [defaultLayer(), yaml.layer, environment.layer];
  return {
    settings: { layers, options: toOptions(merge(layers)), ...(file === undefined ? {} : { file }), warnings: environmentWarnings(env) },
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

/** The options of one container. Throws OptionError with all problems, those that `check` finds included. */
export function resolveOptions(settings: Settings, logOpts: Readonly<Record<string, string>>, check: Check = () => []): ResolvedOptions {
  const { layer, problems } = logOptLayer(logOpts);
  const { values, warnings } = separateCredentials(merge([...settings.layers, layer]), settings.layers, layer);
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
