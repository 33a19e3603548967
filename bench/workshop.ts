/** Everything that a bench must not leave behind: its processes and its folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from './messages.ts';

const END_MS = 10_000;
/** A line of a log that a report may show. */
const LOG_TAIL = 2000;

export class Workshop {
  readonly directory = mkdtempSync(join(tmpdir(), 'nld-bench-'));
  readonly #children = new Set<Child>();
  #count = 0;

  /** A fresh path in the folder. */
  path(name: string): string {
    return join(this.directory, `${this.#count++}-${name}`);
  }

  /** A fresh folder. */
  folder(name: string): string {
    const path = this.path(name);
    mkdirSync(path);
    return path;
  }

  spawn(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
    const child = new Child(command, args, env, this.path('log'));
    this.#children.add(child);
    void child.ended.then(() => this.#children.delete(child));
    return child;
  }

  /** At once, so that it can be the last thing a process does. */
  clear(): void {
    for (const child of this.#children) child.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export class Child {
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly ended: Promise<unknown>;
  readonly #process: ChildProcess;
  readonly #log: string;
  readonly #reports: Report[] = [];

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv, log: string) {
    const fd = openSync(log, 'a');
    // The kernel ends the process when the one that started it is gone, however it went.
    this.#process = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', fd, fd, 'ipc'],
    });
    closeSync(fd);
    this.#log = log;
    this.pid = this.#process.pid ?? 0;
    this.ended = once(this.#process, 'close').catch(() => undefined);
    this.#process.on('message', (message) => this.#reports.push(message as Report));
  }

  send(message: string): void {
    this.#process.send(message);
  }

  /** The next report, which must be of that type. */
  async report<T extends Report['type']>(type: T, signal: AbortSignal): Promise<Extract<Report, { type: T }>> {
    while (this.#reports.length === 0 && this.#isRunning) await this.#message(signal);
    const report = this.#reports.shift();
    if (report?.type === type) return report as Extract<Report, { type: T }>;
    throw new Error(report?.type === 'failed' ? report.reason : `a process of the bench ended too early: ${this.logTail()}`);
  }

  logTail(): string {
    return readFileSync(this.#log, 'utf8').slice(-LOG_TAIL);
  }

  /** In an orderly way, if that does not take long. */
  async end(): Promise<void> {
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), END_MS);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  get #isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async #message(signal: AbortSignal): Promise<void> {
    const settled = new AbortController();
    const either = AbortSignal.any([signal, settled.signal]);
    try {
      await Promise.race([once(this.#process, 'message', { signal: either }), this.ended]);
    } finally {
      settled.abort();
    }
  }
}
