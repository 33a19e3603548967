/** `nats-log-driver serve`: the plugin's process, managed by the engine or run on the host. */
import { hostname } from 'node:os';
import { Log, stderrTarget } from '../core/log.ts';
import { Driver } from '../driver.ts';
import { listen } from '../listen.ts';
import { OptionError } from '../options/option-error.ts';
import { loadSettings, type Settings } from '../options/resolve.ts';
import { createPluginServer } from '../server.ts';

export const DEFAULT_SOCKET = '/run/docker/plugins/nats.sock';
/** The engine kills a plugin ten seconds after SIGTERM. Source: moby plugin/manager_linux.go shutdownPlugin. */
const SHUT_DOWN_MS = 8000;

export interface ServeArguments {
  readonly socket: string;
}

/** Resolves with the exit code when a signal has ended the process in an orderly way. */
export async function serve({ socket }: ServeArguments, env: NodeJS.ProcessEnv): Promise<number> {
  const log = new Log(stderrTarget());
  const settings = tryLoad(env, log);
  if (settings === undefined) return 1;
  log.setLevel(settings.options['log-level']);
  for (const warning of settings.warnings) log.warn(warning);
  const driver = new Driver(settings, hostname(), log);
  const server = createPluginServer(driver, log);
  try {
    await listen(server, socket);
  } catch (error) {
    log.error('cannot listen', { error: error instanceof Error ? error.message : String(error) });
    return 1;
  }
  log.info('listening', { socket });
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

function endSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}
