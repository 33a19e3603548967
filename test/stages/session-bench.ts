/** A session with a real FIFO and a scripted way to NATS. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { Account } from '../../src/core/account.ts';
import { Log } from '../../src/core/log.ts';
import type { Journal, JournalOwner } from '../../src/core/journal.ts';
import { MAIN_OUTPUT, type LeavingOutput, type OverflowPlan } from '../../src/core/plan.ts';
import type { Gap } from '../../src/core/types.ts';
import type { Way } from '../../src/way.ts';
import { Fifo } from '../../src/docker/fifo.ts';
import { MemoryBudget, MemoryJournal } from '../../src/journal/memory.ts';
import { isGap } from '../../src/gaps.ts';
import { Session } from '../../src/session.ts';
import { HeldBytes } from '../../src/stages/reassemble.ts';
import { faultsOfCounts } from '../support/books.ts';
import { encodeFrame, entriesOf, type Source } from '../support/log-entry.ts';
import { makeWay } from '../support/way.ts';
import { ScriptedTransport } from './scripted-transport.ts';

export interface BenchOptions {
  readonly state?: 'prompt' | 'slow' | 'away';
  readonly budget?: MemoryBudget;
  readonly overflow?: OverflowPlan;
  readonly openJournal?: (owner: JournalOwner) => Journal;
  /** Left by the process before, of each output. */
  readonly gaps?: readonly Gap[];
  /** The process before was killed, with bytes in memory. */
  readonly isAfterKill?: boolean;
  /** Names of further outputs. */
  readonly further?: readonly string[];
  /** Left by the process before. */
  readonly leaving?: readonly LeavingOutput[];
}

/** Where the lines of one output went, each time that its way changed. */
export interface BenchOutput {
  account: Account;
  readonly transports: ScriptedTransport[];
}

export class SessionBench {
  readonly budget: MemoryBudget;
  readonly held = new HeldBytes(16 * 1024 * 1024);
  readonly outputs = new Map<string, BenchOutput>();
  /** Accounts of outputs that are no more. */
  readonly removed: Account[] = [];
  readonly session: Session;
  readonly ends: boolean[] = [];
  /** To be kept for the next process. */
  leaving: readonly LeavingOutput[] = [];
  /** Whose records are not confirmed. */
  gaps: readonly Gap[] = [];
  /** How often these were to be kept. */
  gapSaves = 0;
  readonly #overflow: OverflowPlan;
  readonly #state: 'prompt' | 'slow' | 'away';
  readonly #folder = mkdtempSync(join(tmpdir(), 'nld-session-'));
  #writer: number | undefined;
  /** Bytes that the container wrote, framed. */
  written = 0;

  constructor({
    state = 'prompt', budget = new MemoryBudget(64 * 1024 * 1024), overflow = { policy: 'drop-oldest', blockMs: 0 },
    openJournal = (owner) => new MemoryJournal(budget, owner), gaps = [], isAfterKill = false, further = [], leaving = [],
  }: BenchOptions = {}) {
    const file = join(this.#folder, 'fifo');
    execFileSync('mkfifo', [file]);
    this.#writer = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
    this.budget = budget;
    this.#state = state;
    this.#overflow = overflow;
    this.session = new Session({
      openFifo: (readable) => new Fifo(file, readable), seams: [], saveSeams: () => undefined, openJournal, mayHaveSeam: isAfterKill, mayHaveLost: isAfterKill, isAfterKill, held: this.held,
      ways: [this.way(), ...further.map((name) => this.way(name))],
      leaving, saveLeaving: (list) => void (this.leaving = list),
      openAccount: (name) => this.#named(name).account = new Account(new Log({ write: () => true }), 'web', undefined, undefined, name),
      overflow, gaps: Object.fromEntries([MAIN_OUTPUT, ...further].map((name) => [name, gaps])), saveGaps: (_output, list) => {
        this.gaps = list.filter(isGap);
        this.gapSaves++;
      },
      ended: (isOver) => this.ends.push(isOver),
      removed: (account) => this.removed.push(account),
    });
  }

  /** To a new transport; another subject makes it another way. */
  way(name = MAIN_OUTPUT, subject = 'logs', state = this.#state): Way {
    return makeWay((listener) => {
      const transport = new ScriptedTransport(listener, state);
      this.#named(name).transports.push(transport);
      return transport;
    }, name, subject);
  }

  change(...ways: readonly Way[]): void {
    this.session.change(ways, this.#overflow);
  }

  accountOf(name: string): Account {
    return this.#named(name).account;
  }

  get account(): Account {
    return this.#named(MAIN_OUTPUT).account;
  }

  get transport(): ScriptedTransport {
    return this.transportOf(MAIN_OUTPUT);
  }

  /** The latest one. */
  transportOf(name: string): ScriptedTransport {
    const transport = this.#named(name).transports.at(-1);
    if (transport === undefined) throw new Error(`the session opened no transport for ${name}`);
    return transport;
  }

  /** What NATS confirmed of an output, whatever way it went. */
  confirmedOf(name: string): readonly string[] {
    return this.#named(name).transports.flatMap(({ confirmed }) => confirmed);
  }

  #named(name: string): BenchOutput {
    let output = this.outputs.get(name);
    if (output === undefined) this.outputs.set(name, output = { account: new Account(new Log({ write: () => true }), 'web'), transports: [] });
    return output;
  }

  /** Writes raw bytes and waits until the session has read them. */
  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const size = this.#tryWrite(bytes.subarray(at));
      at += size;
      this.written += size;
      if (size === 0) await turn();
    }
    await this.until('the session has read what was written', () => this.account.bytesRead >= this.written);
  }

  /** Leaves the bytes in the FIFO. */
  leave(bytes: Buffer): void {
    const size = this.#tryWrite(bytes);
    this.written += size;
    if (size !== bytes.length) throw new Error(`only ${size} of ${bytes.length} bytes fit into the FIFO`);
  }

  /** What a container writes to `source`, in frames. */
  output(text: string, source: Source = 'stdout'): Promise<void> {
    return this.write(framesOf(text, source));
  }

  /** The engine closes its end. */
  hangUp(): void {
    if (this.#writer !== undefined) closeSync(this.#writer);
    this.#writer = undefined;
  }

  get hasEnded(): boolean {
    return this.ends.length > 0;
  }

  /** Waits without any timer, so that tests may replace them. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
      await turn();
    }
  }

  async untilEnded(): Promise<void> {
    await this.until('the end of the session', () => this.hasEnded);
  }

  /** Ends everything, whatever state it is in. */
  async remove(): Promise<void> {
    this.hangUp();
    if (!this.hasEnded) await this.session.shutDown(AbortSignal.abort());
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #tryWrite(bytes: Buffer): number {
    if (this.#writer === undefined) throw new Error('the engine has closed the FIFO');
    try {
      return writeSync(this.#writer, bytes);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
      throw error;
    }
  }
}

export function framesOf(text: string, source: Source = 'stdout'): Buffer {
  return Buffer.concat(entriesOf(source, text, 1n).map(encodeFrame));
}

/** `from` … `to - 1`, one per line. */
export function numbered(from: number, to: number, filling = ''): string {
  return Array.from({ length: to - from }, (_, i) => `${from + i}${filling}\n`).join('');
}

/** Runs a test on a session of its own; whatever happened, nothing may be left of it in the end. */
export function withBench(
  options: BenchOptions, run: (t: ExecutionContext, bench: SessionBench) => Promise<void>) {
  return async (t: ExecutionContext): Promise<void> => {
    const bench = new SessionBench(options);
    try {
      await run(t, bench);
    } finally {
      await bench.remove();
    }
    t.is(bench.budget.used, 0, 'all memory was given back');
    t.is(bench.held.used, 0, 'all held lines were let go of');
    t.is(bench.budget.holders.size, 0);
    for (const { transports } of bench.outputs.values()) t.true(transports.every(({ isClosed }) => isClosed));
    t.is(bench.ends.length, 1, 'it ended once');
    const unconfirmed = new Map(bench.session.status().outputs.map(({ name, unconfirmed_bytes: bytes }) => [name, bytes]));
    t.deepEqual([...bench.outputs].flatMap(([name, { account }]) => faultsOfCounts(name, account.counts(), unconfirmed.get(name) ?? 0)), [], 'the books balance');
  };
}

/** Lines that an output of a session has given up, for whatever reason. */
export function dropped(bench: SessionBench, output = MAIN_OUTPUT): number {
  return Object.values(bench.accountOf(output).linesDropped).reduce((sum, lines) => sum + lines, 0);
}

export function numbers(lines: readonly string[]): number[] {
  return lines.filter((line) => !line.startsWith('<gap')).map((line) => Number.parseInt(line, 10));
}
