/** This driver among the managed plugins of the engine, and its settings. Source: Docker Engine API, PluginList. */
import { join } from 'node:path';
import type { PathOf } from '../options/relocation.ts';
import { askEngine, engineHost } from './docker-api.ts';

/** Of our manifest. */
const SOCKET_NAME = 'nats.sock';
const LOG_DRIVER = 'logdriver';

export interface Plugin {
  readonly Id?: string;
  readonly Name: string;
  readonly Enabled: boolean;
  readonly Settings?: {
    readonly Env?: readonly string[] | null;
    readonly Mounts?: readonly { readonly Source?: string | null; readonly Destination?: string }[] | null;
  };
  readonly Config?: { readonly Interface?: { readonly Socket?: string; readonly Types?: unknown } };
}

/** Those that are this driver. Rejects with EngineFault. */
export async function managedPlugins(env: NodeJS.ProcessEnv): Promise<readonly Plugin[]> {
  const plugins = await askEngine(env, '/plugins') as readonly Plugin[];
  return plugins.filter(({ Config }) => Config?.Interface?.Socket === SOCKET_NAME && JSON.stringify(Config.Interface.Types ?? '').includes(LOG_DRIVER));
}

/** They may hold secrets. */
export function settingsOfPlugin({ Settings }: Plugin): NodeJS.ProcessEnv {
  return Object.fromEntries((Settings?.Env ?? []).map((setting) => {
    const at = setting.indexOf('=');
    return [setting.slice(0, at), setting.slice(at + 1)];
  }));
}

/** The socket of the plugin while it is enabled. Source: moby daemon/daemon_unix.go, getPluginExecRoot. */
export function socketOfPlugin({ Id = '' }: Plugin): string {
  return `/run/docker/plugins/${Id}/${SOCKET_NAME}`;
}

export interface Files {
  /** Where this host has the plugin's file system, without what is mounted in it. */
  readonly root: string;
  readonly pathOf: PathOf;
}

/** undefined: the engine is on another host. Rejects with EngineFault. Source: moby plugin/manager.go, the folder `plugins` of the data root. */
export async function filesOfPlugin({ Id = '', Settings }: Plugin, env: NodeJS.ProcessEnv): Promise<Files | undefined> {
  if (!engineHost(env).startsWith('unix:')) return undefined;
  const { DockerRootDir = '' } = await askEngine(env, '/info') as { DockerRootDir?: string };
  const root = join(DockerRootDir, 'plugins', Id, 'rootfs');
  const mounts = (Settings?.Mounts ?? []).filter(({ Source, Destination }) => typeof Source === 'string' && Source !== '' && Destination !== undefined);
  const pathOf = (path: string): string => {
    const mount = mounts.find(({ Destination }) => path === Destination || path.startsWith(`${Destination}/`));
    return mount === undefined ? root + path : join(mount.Source ?? '', path.slice((mount.Destination ?? '').length));
  };
  return { root, pathOf };
}
