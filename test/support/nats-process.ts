/** A real nats-server as a plain process: quick to kill and to start again, many times over. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemEnvironment } from '../../plugin/command.ts';
import { serverArguments, untilReady } from './nats-server.ts';
import type { NatsOptions, NatsServer } from './nats-server.ts';
import { freePort, until } from './wait.ts';

/** A server that takes up a new configuration while it runs. */
export interface NatsProcessServer extends NatsServer {
  /** SIGHUP; resolves when the server has read it. */
  reload(config: string): Promise<void>;
}

/** Resolves when the server answers. */
export async function startNatsProcess(options: NatsOptions = {}): Promise<NatsProcessServer> {
  const server = new NatsProcess(options, options.port ?? (await freePort()));
  try {
    await server.start();
    return server;
  } catch (error) {
    const log = await server.log();
    await server.stop();
    throw new Error(`nats-server did not start:\n${log}`, { cause: error });
  }
}

class NatsProcess implements NatsProcessServer {
  readonly port: number;
  readonly url: string;
  readonly #options: NatsOptions;
  readonly #dir = mkdtempSync(join(tmpdir(), 'nld-nats-'));
  readonly #logFile = join(this.#dir, 'log');
  #process: ChildProcess | undefined;

  constructor(options: NatsOptions, port: number) {
    this.#options = options;
    this.port = port;
    this.url = `nats://127.0.0.1:${port}`;
    writeFileSync(this.#logFile, '');
  }

  async log(): Promise<string> {
    return readFileSync(this.#logFile, 'utf8');
  }

  async pause(): Promise<void> {
    this.#process?.kill('SIGSTOP');
  }

  async resume(): Promise<void> {
    this.#process?.kill('SIGCONT');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  terminate(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async start(): Promise<void> {
    const log = openSync(this.#logFile, 'a');
    const cwd = this.#options.directory ?? this.#dir;
    const args = ['--addr', '127.0.0.1', ...serverArguments(this.#options, this.port, this.#writeConfig())];
    // The kernel ends the server when the thread that started it is gone, however it went.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'nats-server', ...args], {
      cwd,
      env: systemEnvironment(),
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#process = child;
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('nats-server ended')));
    await Promise.race([untilReady(this.port), ended]);
    ended.catch(() => undefined);
  }

  async reload(config: string): Promise<void> {
    const count = async (): Promise<number> => (await this.log()).split('Reloaded server configuration').length;
    const before = await count();
    this.#writeConfig(config);
    this.#process?.kill('SIGHUP');
    await until('the server has reloaded', async () => await count() > before);
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  #writeConfig(config = this.#options.config): string | undefined {
    if (config === undefined) return undefined;
    const path = join(this.#dir, 'nats.conf');
    writeFileSync(path, config);
    return path;
  }
}
