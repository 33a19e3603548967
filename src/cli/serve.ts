/** `nats-log-driver serve`: the plugin's process, managed by the engine or run on the host. */
import { writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { Log, stderrTarget } from '../core/log.ts';
import { Driver } from '../driver.ts';
import { SessionRecords } from '../journal/session-records.ts';
import { listen } from '../listen.ts';
import { OptionError } from '../options/option-error.ts';
import { loadSettings, type Settings } from '../options/resolve.ts';
import { createPluginServer } from '../server.ts';

export const DEFAULT_SOCKET = '/run/docker/plugins/nats.sock';
/** The engine kills a plugin ten seconds after SIGTERM (moby plugin/manager_linux.go shutdownPlugin): half of that for NATS. */
const SHUT_DOWN_MS = 5000;

/** Survives restarts of the process; within a managed plugin, too. */
export const DEFAULT_STATE = '/var/lib/nats-log-driver';

export interface ServeArguments {
  readonly socket: string;
  /** Folder for what must survive the process. */
  readonly state: string;
}

/** Resolves with the exit code when a signal has ended the process in an orderly way. */
export async function serve({ socket, state }: ServeArguments, env: NodeJS.ProcessEnv): Promise<number> {
  const log = new Log(stderrTarget());
  process.once('uncaughtException', (error) => fail(error));
  const settings = tryLoad(env, log);
  if (settings === undefined) return 1;
  log.setLevel(settings.options['log-level']);
  for (const warning of settings.warnings) log.warn(warning);
  const driver = new Driver(settings, hostname(), log, openRecords(state, log));
  const server = createPluginServer(driver, log);
  try {
    await listen(server, socket);
  } catch (error) {
    log.error('cannot listen', { error: error instanceof Error ? error.message : String(error) });
    return 1;
  }
  log.info('listening', { socket });
  driver.restore();
  const signal = await endSignal();
  log.info('shutting down', { signal });
  server.close();
  await driver.close(SHUT_DOWN_MS);
  server.closeAllConnections();
  log.info('ended');
  return 0;
}

function tryLoad(env: NodeJS.ProcessEnv, log: Log): Settings | undefined {
  try {
    return loadSettings(env);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    log.error('configuration refused', { error: error.message });
    return undefined;
  }
}

/** The driver works without the folder; its sessions then end with the process. */
function openRecords(state: string, log: Log): SessionRecords | undefined {
  try {
    return new SessionRecords(state);
  } catch (error) {
    log.warn('the state folder cannot be used: running containers must be started again after a restart of the driver', {
      state, error: error instanceof Error ? error.message : String(error),
    });
    return undefined;
  }
}

/** A bug: the engine starts the process again at once, and it finds its sessions. Written directly, whatever waits. */
function fail(error: Error): never {
  try {
    writeSync(2, `${JSON.stringify({ time: new Date().toISOString(), level: 'error', msg: 'internal error', error: error.stack ?? error.message })}\n`);
  } finally {
    process.exit(1);
  }
}

function endSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}
