/** `nats-log-driver serve` as a process of the host: every engine of the machine knows it by the name of its socket. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemEnvironment } from '../../plugin/command.ts';
import { drivers, type KnownDriver } from './e2e-drivers.ts';
import { isAnswered, logLines } from './plugin-process.ts';
import { MAIN } from './program.ts';
import { until } from './wait.ts';

export class HostProcess implements AsyncDisposable {
  /** For `--log-driver`. */
  readonly driver: string;
  readonly socket: string;
  readonly #dir = mkdtempSync(join(tmpdir(), 'nld-host-'));
  readonly #logFile = join(this.#dir, 'log');
  readonly #known: KnownDriver;
  #process: ChildProcess | undefined;

  /** Several test runs on one machine have several names. */
  constructor(driver = `nld-test-${process.pid}`) {
    this.driver = driver;
    this.socket = `/run/docker/plugins/${driver}.sock`;
    this.#known = { socket: this.socket, log: () => logLines(this.log(), 'session ended') };
  }

  /** The folder for what survives the process. */
  get state(): string {
    return join(this.#dir, 'state');
  }

  /** A folder of `nats-secret-dirs`. */
  get secrets(): string {
    return this.#dir;
  }

  /** Resolves when it listens. After `terminate` or `kill` it goes on with the state that it left. */
  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    const log = openSync(this.#logFile, 'a');
    const args = [process.execPath, MAIN, 'serve', '--socket', this.socket, '--state', this.state];
    // The kernel ends it when the test is gone, however it went.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...args], {
      env: { ...systemEnvironment(), LOG_LEVEL: 'debug', NATS_SECRET_DIRS: this.secrets, ...env },
      stdio: ['ignore', 'ignore', log],
    });
    closeSync(log);
    this.#process = child;
    drivers.add(this.#known);
    await until(`the driver listens\n${this.log()}`, () => child.exitCode !== null || isAnswered(this.socket));
    if (child.exitCode !== null) throw new Error(`the driver ended with exit code ${child.exitCode}\n${this.log()}`);
  }

  /** What it has said on standard error, over all its lives. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** SIGTERM; resolves with the exit code. */
  async terminate(): Promise<number | null> {
    return await this.#end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    drivers.delete(this.#known);
    await this.terminate();
    rmSync(this.socket, { force: true });
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
