/**
 * What a command judges by: the settings that the driver really has, and over them what the operator says.
 * Highest first: the command line, the environment of the command, the settings of the managed plugin, the YAML file.
 */
import { kept } from '../kv-configuration.ts';
import { isCredential, pointsSomewhere } from '../options/credentials.ts';
import { parseYaml } from '../options/document.ts';
import type { Layer } from '../options/layers.ts';
import { OptionError } from '../options/option-error.ts';
import { relocateSettings, type PathOf } from '../options/relocation.ts';
import { composeSettings, readFile, withLayers, type Settings } from '../options/resolve.ts';
import { environmentName } from '../options/schema.ts';
import { environmentLayer, environmentWarnings } from '../options/sources.ts';
import { DEFAULT_FILES } from '../options/yaml-file.ts';
import { UsageError } from './command.ts';
import { DEFAULT_STATE } from './default-paths.ts';
import { EngineFault, engineHost } from './docker-api.ts';
import { filesOfPlugin, managedPlugins, settingsOfPlugin, type Plugin } from './plugins.ts';

/** In the place of a plugin's name. */
const NO_PLUGIN = 'none';

export interface Wishes {
  /** The managed plugin; undefined: the only one; `none`: none. */
  readonly plugin: string | undefined;
  /** Of the driver. */
  readonly state?: string;
  /** The document of a bucket is left out. */
  readonly withoutBucket?: boolean;
  /** As an environment: what the command line says, when it is known which secrets the driver may read. */
  readonly given?: (secretDirs: readonly string[]) => NodeJS.ProcessEnv;
}

export interface Surroundings {
  /** What is right in them. */
  readonly settings: Settings;
  readonly error: OptionError | undefined;
  /** Whose settings these are, in words that follow `settings of`. */
  readonly source: string;
  readonly plugin: Plugin | undefined;
  /** `bucket/key` that is in force, and of which no document was kept. */
  readonly missingBucket: string | undefined;
  /** Where a path of the driver lies for this process. */
  readonly pathOf: PathOf;
  /** The text with the paths of the plugin's own file system as the plugin would say them. */
  readonly shown: (text: string) => string;
}

/** Throws UsageError when it is not clear which plugin is meant. */
export async function findSurroundings(env: NodeJS.ProcessEnv, { plugin: named, state = DEFAULT_STATE, withoutBucket = false, given = () => ({}) }: Wishes): Promise<Surroundings> {
  const { plugin, root, pathOf, words } = await findDriver(env, named);
  const own = namedIn(env);
  const ofPlugin = plugin === undefined ? {} : settingsOfPlugin(plugin);
  const config = own['NATS_CONFIG'] ?? (ofPlugin['NATS_CONFIG'] && pathOf(ofPlugin['NATS_CONFIG']));
  const found = readFile(config === undefined ? {} : { NATS_CONFIG: config }, DEFAULT_FILES.map(pathOf));
  const lower = composeSettings(ofPlugin, found);
  const bucket = withoutBucket ? undefined : own['NATS_CONFIG_KV'] ?? lower.options['nats-config-kv'];
  const document = bucket === undefined ? undefined : kept(pathOf(state), bucket);
  const reading = document === undefined ? undefined : parseYaml(document, `kv ${bucket}`);
  const base = relocateSettings(composeSettings(ofPlugin, found, reading), pathOf);
  const environment = environmentLayer(own, 'environment');
  const flags = environmentLayer(given(overlay(base, [environment.layer]).options['nats-secret-dirs']), 'command line');
  const upper = [environment.layer, flags.layer];
  const left = plugin === undefined ? () => false : leftOut(upper);
  const settings = overlay(without(base, left), upper);
  const problems = [...found.reading.problems, ...(reading?.problems ?? []), ...environmentLayer(ofPlugin).problems, ...environment.problems, ...flags.problems];
  const source = [
    words,
    ...(bucket === undefined ? [] : [document === undefined ? `the document of ${bucket} is not known here` : `the document of ${bucket} as it was last taken over`]),
    ...overlayWords('environment', environment.layer), ...overlayWords('command line', flags.layer),
    ...leftOutWords(base, left),
  ];
  return {
    settings: { ...settings, warnings: environmentWarnings(env) },
    error: problems.length > 0 ? new OptionError(problems) : undefined,
    source: source.join('; '), plugin, pathOf, missingBucket: document === undefined ? bucket : undefined,
    shown: (text) => root === undefined ? text : text.replaceAll(root, ''),
  };
}

/** Variables that have a value: Docker sets the empty ones, too. */
function namedIn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

function overlay(settings: Settings, upper: readonly Layer[]): Settings {
  return withLayers(settings, [...settings.layers, ...upper]);
}

/** The plugin's login is for the plugin's servers, and one login is enough. */
function leftOut(upper: readonly Layer[]): (name: string) => boolean {
  const given = upper.flatMap(({ values }) => [...values.keys()]);
  const isElsewhere = given.includes('nats-servers') || given.includes('nats-context');
  return (name) => isElsewhere ? isCredential(name) || pointsSomewhere(name) : isCredential(name) && given.some(isCredential);
}

function without(settings: Settings, isLeftOut: (name: string) => boolean): Settings {
  return withLayers(settings, settings.layers.map((layer) =>
    layer.kind === 'default' ? layer : { ...layer, values: new Map([...layer.values].filter(([name]) => !isLeftOut(name))) }));
}

function leftOutWords({ layers }: Settings, isLeftOut: (name: string) => boolean): readonly string[] {
  const names = layers.filter(({ kind }) => kind !== 'default').flatMap(({ values }) => [...values.keys()]).filter(isLeftOut);
  return names.length === 0 ? [] : [`so these are left out: ${[...new Set(names)].join(', ')}`];
}

function overlayWords(title: string, { values }: Layer): readonly string[] {
  return values.size === 0 ? [] : [`over them the ${title}: ${[...values.keys()].map(environmentName).join(', ')}`];
}

interface FoundDriver {
  readonly plugin: Plugin | undefined;
  readonly root?: string;
  readonly pathOf: PathOf;
  readonly words: string;
}

async function findDriver(env: NodeJS.ProcessEnv, named: string | undefined): Promise<FoundDriver> {
  const ofHost = (why: string): FoundDriver => ({ plugin: undefined, pathOf: (path) => path, words: `this host (${why})` });
  if (named === NO_PLUGIN) return ofHost('--plugin none');
  try {
    const plugin = choose(await managedPlugins(env), named, env);
    if (plugin === undefined) return ofHost('the engine has no managed plugin of this driver');
    const files = await filesOfPlugin(plugin, env);
    const words = `the managed plugin ${plugin.Name}${plugin.Enabled ? '' : ', which is disabled'}, at ${engineHost(env)}`;
    return files === undefined
      ? { plugin, pathOf: (path) => path, words: `${words}; files that they name are looked for on this host` }
      : { plugin, ...files, words };
  } catch (error) {
    if (!(error instanceof EngineFault)) throw error;
    if (named !== undefined) throw new UsageError(`--plugin: ${error.message}`);
    return ofHost(`no engine tells of a managed plugin: ${error.message}`);
  }
}

/** The only one that is enabled, or else the only one. */
function choose(plugins: readonly Plugin[], named: string | undefined, env: NodeJS.ProcessEnv): Plugin | undefined {
  const list = plugins.map(({ Name }) => Name);
  if (named !== undefined) {
    const found = plugins.find(({ Name, Id }) => Name === named || Name === `${named}:latest` || Id === named);
    if (found === undefined) throw new UsageError(`--plugin: ${engineHost(env)} has no managed plugin ${JSON.stringify(named)} of this driver${list.length === 0 ? '' : `, it has ${list.join(', ')}`}`);
    return found;
  }
  const enabled = plugins.filter(({ Enabled }) => Enabled);
  const [only, ...others] = enabled.length > 0 ? enabled : plugins;
  if (others.length > 0) throw new UsageError(`several managed plugins found, choose one with --plugin: ${list.join(', ')}`);
  return only;
}
