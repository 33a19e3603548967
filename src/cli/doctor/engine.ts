/** The engine, the plugin in it, and the socket between them. */
import { ask, DriverFault, expectOk, findSockets, theSocket } from '../sockets.ts';
import { askEngine, EngineFault, engineHost } from '../docker-api.ts';
import { managedPlugins, socketOfPlugin, type Plugin } from '../plugins.ts';
import type { Finding } from './finding.ts';

/** Drivers of log plugins: from there on. */
const FIRST_ENGINE = 17;

/** `chosen`: the plugin whose settings are judged. */
export async function* checkEngine(env: NodeJS.ProcessEnv, socket: string | undefined, chosen: Plugin | undefined): AsyncGenerator<Finding> {
  const sockets = socket === undefined ? findSockets() : [socket];
  try {
    yield await checkVersion(env);
    yield checkPlugin(await managedPlugins(env), sockets);
  } catch (error) {
    if (!(error instanceof EngineFault)) throw error;
    yield { id: 'engine-unreachable', check: 'engine', result: 'failed', detail: error.message, remedy: 'does dockerd run? DOCKER_HOST names another one; root, or the group docker, may ask it' };
  }
  yield await checkSocket(socket ?? (chosen?.Enabled === true ? socketOfPlugin(chosen) : undefined), sockets);
}

async function checkVersion(env: NodeJS.ProcessEnv): Promise<Finding> {
  const { Version = '', ApiVersion = '', Os = '', Arch = '' } = await askEngine(env, '/version') as Partial<Record<string, string>>;
  const detail = `Docker Engine ${Version}, API ${ApiVersion}, ${Os}/${Arch}, at ${engineHost(env)}`;
  if (Number.parseInt(Version, 10) < FIRST_ENGINE) return { id: 'engine-old', check: 'engine', result: 'failed', detail, remedy: 'log drivers as plugins need Docker Engine 17.05 or later' };
  return { check: 'engine', result: 'ok', detail };
}

function checkPlugin(ours: readonly Plugin[], sockets: readonly string[]): Finding {
  const names = (some: readonly Plugin[]): string => some.map(({ Name }) => Name).join(', ');
  const [enabled, disabled] = [ours.filter(({ Enabled }) => Enabled), ours.filter(({ Enabled }) => !Enabled)];
  if (enabled.length > 0) return { check: 'plugin', result: 'ok', detail: `${names(enabled)} is installed and enabled` };
  if (disabled[0] !== undefined) {
    const detail = `${names(disabled)} is installed and disabled: no container of it can be started`;
    return { id: 'plugin-disabled', check: 'plugin', result: sockets.length === 0 ? 'failed' : 'warning', detail, remedy: `docker plugin enable ${disabled[0].Name}` };
  }
  if (sockets.length > 0) return { check: 'plugin', result: 'ok', detail: 'no managed plugin: a process of the host is used' };
  return { id: 'plugin-missing', check: 'plugin', result: 'failed', detail: 'no managed plugin is installed, and no process of the host has its socket', remedy: 'npm run plugin, or systemctl enable --now nats-log-driver' };
}

async function checkSocket(named: string | undefined, found: readonly string[]): Promise<Finding> {
  try {
    const path = theSocket(named, found);
    const body = expectOk(await ask(path, 'POST', '/Plugin.Activate'), path);
    if (JSON.stringify(body).includes('LogDriver')) return { check: 'socket', result: 'ok', detail: `${path} answers` };
    return { id: 'socket-of-another', check: 'socket', result: 'failed', detail: `${path}: what answers is no log driver`, remedy: 'another program listens there: end it' };
  } catch (error) {
    if (!(error instanceof DriverFault)) throw error;
    return { id: 'socket-silent', check: 'socket', result: 'failed', detail: error.message, remedy: 'start the driver; its log says why it ended: journalctl -u docker (managed plugin), journalctl -u nats-log-driver' };
  }
}
