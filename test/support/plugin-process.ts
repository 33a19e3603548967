/** `nats-log-driver serve` as a process with its own socket and state, and what it says. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN } from './program.ts';
import { until } from './wait.ts';

/** On a machine that is busy with other tests. */
const START_MS = 30_000;

/** One line of the driver's log. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: string | number | boolean | undefined;
}

export class PluginProcess {
  readonly socket: string;
  readonly #dir: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #program: readonly string[];
  #child: ChildProcess;
  #said = '';
  /** Characters of what it has said. */
  #forgiven = 0;

  private constructor(dir: string, env: NodeJS.ProcessEnv, program: readonly string[]) {
    this.#program = program;
    this.#dir = dir;
    this.#env = env;
    this.socket = join(dir, 'nats.sock');
    this.#child = this.#spawn();
  }

  #spawn(env: NodeJS.ProcessEnv = {}): ChildProcess {
    const args = [process.execPath, ...this.#program, 'serve', '--socket', this.socket, '--state', this.state];
    // The kernel ends it when the test is gone, however it went. It gets no more of the environment than it has in a managed plugin.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...args], {
      env: { PATH: process.env['PATH'], ...this.#env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    return child;
  }

  /** The folder for what survives the process. */
  get state(): string {
    return join(this.#dir, 'state');
  }

  /** Resolves when it listens. `env`: its settings; `program`: what node is to run, with its options; `within`: where its folder is made. */
  static async start(env: NodeJS.ProcessEnv = {}, program: readonly string[] = [MAIN], within = tmpdir()): Promise<PluginProcess> {
    const plugin = new PluginProcess(mkdtempSync(join(within, 'nld-driver-')), { LOG_LEVEL: 'debug', ...env }, program);
    try {
      await plugin.#untilListening();
      return plugin;
    } catch (error) {
      await plugin.remove();
      throw new Error(`the driver did not start:\n${plugin.said}`, { cause: error });
    }
  }

  async #untilListening(): Promise<void> {
    await until('the driver listens', () => this.hasEnded || isAnswered(this.socket), START_MS);
    if (this.hasEnded) throw new Error('the driver ended at once');
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await until('the driver is gone', () => this.hasEnded);
  }

  /** A new process with the same socket and state, and with its settings but for those of `env`. */
  async startAgain(env: NodeJS.ProcessEnv = {}): Promise<void> {
    this.spawnAgain(env);
    await this.#untilListening();
  }

  /** The same, without waiting for anything. */
  spawnAgain(env: NodeJS.ProcessEnv = {}): void {
    this.#child = this.#spawn(env);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** All that it has written to standard error. */
  get said(): string {
    return this.#said;
  }

  /** Its log, or the lines with that message. */
  log(msg?: string): LogLine[] {
    return logLines(this.#said, msg);
  }

  /** Resolves with the first line of that message whose fields match. */
  async logged(msg: string, fields: Readonly<Record<string, string | number | RegExp>> = {}, timeoutMs?: number): Promise<LogLine> {
    const matches = (line: LogLine): boolean => Object.entries(fields).every(([key, wanted]) =>
      wanted instanceof RegExp ? wanted.test(String(line[key])) : line[key] === wanted);
    try {
      return await until(`the driver says "${msg}"`, () => this.log(msg).find(matches), timeoutMs);
    } catch (error) {
      throw new Error(`the driver has not said "${msg}":\n${this.#said}`, { cause: error });
    }
  }

  /** What it has said of bugs, but for those that the test wanted. */
  get bugs(): LogLine[] {
    const said = this.#said.slice(this.#forgiven);
    return [...logLines(said, 'internal error'), ...logLines(said, 'request failed')];
  }

  /** What it has said so far is what the test wanted. */
  forgetBugs(): void {
    this.#forgiven = this.#said.length;
  }

  /** Nobody takes its log until `readLog`. */
  ignoreLog(): void {
    this.#child.stderr?.pause();
  }

  readLog(): void {
    this.#child.stderr?.resume();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** null: it lives, or was killed. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resident memory in bytes: the most that it ever was. */
  get peakMemory(): number {
    return this.#memory('VmHWM');
  }

  /** Resident memory in bytes. */
  get memory(): number {
    return this.#memory('VmRSS');
  }

  #memory(field: string): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  }

  /** SIGTERM; resolves with the exit code. */
  async terminate(): Promise<number | null> {
    if (!this.hasEnded) {
      // `close` comes after the last byte of its log.
      const closed = once(this.#child, 'close');
      this.#child.kill('SIGTERM');
      await closed;
    }
    return this.#child.exitCode;
  }

  /** Ends it and removes all traces. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Of what a driver has said: all lines that are complete, or those with that message. */
export function logLines(said: string, msg?: string): LogLine[] {
  const whole = said.slice(0, said.lastIndexOf('\n') + 1);
  // Most lines need not be parsed to be left out.
  const mark = msg === undefined ? '' : JSON.stringify(msg);
  const lines = whole.split('\n').filter((line) => line !== '' && line.includes(mark)).map((line) => JSON.parse(line) as LogLine);
  return msg === undefined ? lines : lines.filter((line) => line.msg === msg);
}

/** Whether somebody listens on the unix socket. */
export function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
