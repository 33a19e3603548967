/** Puts a built plugin into an engine, in the place of an earlier one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, output, run } from './command.ts';

export interface InstallOptions {
  /** As `buildPlugin` made it. */
  readonly dir: string;
  readonly name: string;
  readonly enable: boolean;
  /** Replace a plugin of that name whoever made it. */
  readonly force: boolean;
  /** Where the docker CLI finds the engine. */
  readonly env?: NodeJS.ProcessEnv;
  /** Gets one line before each step. */
  readonly report?: (step: string) => void;
}

/** Says what stands in the way, for the user. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
}

/** The part of `docker plugin inspect` that is used here. */
interface PluginFacts {
  readonly Config: { readonly Description: string; readonly Env: readonly { readonly Name: string; readonly Value: string | null }[] };
  readonly Settings: { readonly Env: readonly string[]; readonly Mounts: readonly { readonly Name: string; readonly Source: string }[] };
}

/** Creates the plugin and enables it. What a user had set with `docker plugin set` on an earlier one stays set. */
export async function installPlugin(options: InstallOptions): Promise<void> {
  const { dir, name, enable, force, report = () => undefined } = options;
  const docker = (...args: string[]): Promise<string> => output('docker', args, options.env === undefined ? {} : { env: options.env });
  const earlier = await findPlugin(name, options.env);
  if (earlier !== undefined) {
    if (!force && !isOurs(earlier)) throw new InstallError(`the engine has another plugin of the name ${name}: use --force or --name`);
    report(`remove the earlier plugin ${name}`);
    await remove(name, force, docker);
  }
  report(`create the plugin ${name}`);
  await docker('plugin', 'create', name, dir);
  const settings = earlier === undefined ? [] : settingsToKeep(earlier, dir);
  if (settings.length > 0) await docker('plugin', 'set', name, ...settings);
  if (!enable) return;
  report(`enable the plugin ${name}`);
  await docker('plugin', 'enable', name);
}

/** Containers that log through a plugin lose their logging with it, and are slow to stop: only by force. */
async function remove(name: string, force: boolean, docker: (...args: string[]) => Promise<string>): Promise<void> {
  try {
    await docker('plugin', 'rm', ...(force ? ['--force'] : []), name);
  } catch (error) {
    if (force || !(error instanceof CommandError)) throw error;
    await disable(name, docker);
    await docker('plugin', 'rm', name);
  }
}

async function disable(name: string, docker: (...args: string[]) => Promise<string>): Promise<void> {
  try {
    await docker('plugin', 'disable', name);
  } catch (error) {
    if (!(error instanceof CommandError) || !error.message.includes('in use')) throw error;
    throw new InstallError(`running containers log through the plugin ${name}: stop them, or use --force and start them again afterwards`, { cause: error });
  }
}

/** False when the name is free, or belongs to a plugin that this project made. */
export async function nameIsTaken(name: string, env?: NodeJS.ProcessEnv): Promise<boolean> {
  const plugin = await findPlugin(name, env);
  return plugin !== undefined && !isOurs(plugin);
}

async function findPlugin(name: string, env: NodeJS.ProcessEnv | undefined): Promise<PluginFacts | undefined> {
  const { code, stdout } = await run('docker', ['plugin', 'inspect', name], env === undefined ? {} : { env });
  return code === 0 ? (JSON.parse(stdout) as PluginFacts[])[0] : undefined;
}

function isOurs(plugin: PluginFacts): boolean {
  return plugin.Config.Description.startsWith('docker-nats-log-driver:');
}

/** Arguments for `docker plugin set`: what differs from the defaults of the earlier plugin and is known to the new one. */
function settingsToKeep(earlier: PluginFacts, dir: string): string[] {
  const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')) as { readonly env: readonly { readonly name: string }[] };
  const known = new Set(config.env.map(({ name }) => name));
  const defaults = new Set(earlier.Config.Env.map(({ Name, Value }) => `${Name}=${Value ?? ''}`));
  const env = earlier.Settings.Env.filter((setting) => known.has(setting.split('=', 1)[0] ?? '') && !defaults.has(setting));
  const mounts = earlier.Settings.Mounts.filter(({ Name }) => Name === 'files').map(({ Source }) => `files.source=${Source}`);
  return [...env, ...mounts];
}
