/**
 * `nats-log-driver serve`: the plugin's process, managed by the engine or run on the host. It listens before it does
 * anything else: an engine that has started a plugin dials it half a second later, and then every three seconds.
 * Source: moby plugin/manager_linux.go pluginPostStart.
 */
import { writeSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { Log, stderrTarget } from '../core/log.ts';
import { createHttpServer, listen } from '../listen.ts';

/** The engine kills a plugin ten seconds after SIGTERM (moby plugin/manager_linux.go shutdownPlugin): half of that for NATS. */
const SHUT_DOWN_MS = 5000;

export interface ServeArguments {
  readonly socket: string;
  /** Folder for what must survive the process. */
  readonly state: string;
}

/** Resolves with the exit code when a signal has ended the process in an orderly way. */
export async function serve({ socket, state }: ServeArguments, env: NodeJS.ProcessEnv): Promise<number> {
  const log = new Log(stderrTarget());
  // Rejections that nobody handles come here, too.
  let blame = (): void => undefined;
  process.once('uncaughtException', (error) => fail(error, blame));
  const end = endSignal();
  // Before that is loaded, the file is read anyway.
  let reload = (): void => undefined;
  process.on('SIGHUP', () => reload());
  const { promise, resolve: answerWith } = Promise.withResolvers<RequestListener>();
  const server = createHttpServer(promise);
  try {
    await listen(server, socket);
  } catch (error) {
    log.error('cannot listen', { error: error instanceof Error ? error.message : String(error) });
    return 1;
  }
  const { start } = await import('./start.ts');
  const { driver, answer, operators, configuration, close } = start({ state, env, log, program: process.argv[1] ?? '' });
  reload = () => void configuration.reload();
  blame = () => driver.blame();
  answerWith(answer);
  log.event('driver-started', 'info', 'listening', { socket });
  void driver.restore();
  const signal = await end;
  log.event('driver-stopping', 'info', 'shutting down', { signal });
  server.close();
  await close(SHUT_DOWN_MS);
  server.closeAllConnections();
  operators.close();
  log.info('ended');
  return 0;
}

/** A bug: the engine starts the process again at once, and it finds its sessions. Written directly, whatever waits. */
function fail(error: unknown, blame: () => void): never {
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  try {
    blame();
    writeSync(2, `${JSON.stringify({ time: new Date().toISOString(), level: 'error', msg: 'internal error', error: text })}\n`);
  } finally {
    process.exit(1);
  }
}

function endSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}
