/**
 * A session from its FIFO to a stream, with nothing in it but memory: a disk that fails and forgets, a way that breaks, processes that are killed.
 * Every line is a number, and so is its time, so that what the stream has can be judged.
 */
import { mock } from 'node:test';
import { Account } from '../../src/core/account.ts';
import { Log } from '../../src/core/log.ts';
import type { FileSystem } from '../../src/journal/file-system.ts';
import type { OverflowPlan } from '../../src/core/plan.ts';
import { createJsonFormatter } from '../../src/formatters/json.ts';
import { DiskBudget } from '../../src/journal/disk-budget.ts';
import { DiskJournal, type SyncPolicy } from '../../src/journal/disk.ts';
import { MemoryBudget } from '../../src/journal/memory.ts';
import { Session } from '../../src/session.ts';
import { HeldBytes } from '../../src/stages/reassemble.ts';
import { Crash, CrashFileSystem, type Fault } from './crash-file-system.ts';
import { encodeFrame, entriesOf } from './log-entry.ts';
import { ModelFifo } from './model-fifo.ts';
import { ModelRecord } from './model-record.ts';
import { ModelStream, ModelTransport } from './model-nats.ts';
import { makeWay } from './way.ts';

/** Segments are 64 KiB then. */
const LIMIT = 256 * 1024;
const MEMORY = 256 * 1024;
const TICK_MS = 100;
/** Time of line 0, in seconds since 1970; the next line is a microsecond later. */
const EPOCH_SECONDS = 1_700_000_000;
/** Between the begin of one process and that of the next. */
const HOUR_SECONDS = 3600;
const FACTS = { id: 'a', name: 'web', imageId: '', imageName: '', hostname: '', tag: '', attributes: new Map<string, string>() };

export type Operation =
  | { readonly kind: 'write'; readonly lines: number; readonly size: number }
  | { readonly kind: 'read' | 'confirm' | 'tick'; readonly count: number }
  /** So many of the syncs that were begun end. */
  | { readonly kind: 'settle'; readonly count: number }
  /** So many of the messages under way have arrived. */
  | { readonly kind: 'lose' | 'kill' | 'power'; readonly arrived: number }
  | { readonly kind: 'open' | 'block' | 'refuse' | 'give-up' | 'end' };

/** From which call on, how many of them, and what happens. */
export interface Trouble {
  readonly after: number;
  readonly count: number;
  readonly fault: Fault;
}

export interface Step {
  readonly operation: Operation;
  readonly trouble: Trouble | undefined;
}

export interface ModelSettings {
  readonly overflow: OverflowPlan;
  readonly oversize: 'split' | 'truncate' | 'drop';
  readonly sync: SyncPolicy;
  /** Largest payload. */
  readonly maxPayload: number;
}

/**
 * What can be asked of the records. `cautious`: one may tell of lines that arrived: they were under way when the connection broke, or a kill came between
 * the record and the loss. `blind`: the disk took neither a record nor the lines, and the process ended.
 */
export type Books = 'exact' | 'cautious' | 'blind';

/** What lives as long as a process. */
interface Process {
  readonly budget: DiskBudget;
  readonly journal: DiskJournal;
  /** Bytes that earlier ones took from the FIFO. */
  readonly takenBefore: number;
  readonly session: Session;
  readonly transport: ModelTransport;
  readonly account: Account;
}

export class SessionModel {
  readonly stream = new ModelStream();
  readonly accounts: Account[] = [];
  /** Of the lines that the container wrote, in bytes. */
  readonly sizes: number[] = [];
  books: Books = 'exact';
  /** Those of lines that were not permitted, and all that came with them, come behind what is permitted first. */
  areRecordsLate = false;
  /** The session is over: nothing is left of it. */
  isOver = false;
  /** Lines before this one survive a power failure. */
  safe = 0;
  /** Lines that were taken from the FIFO when the power failed; undefined: it did not. */
  takenAtFailure: number | undefined;
  /** A process that was killed may have left bytes that are not synced yet. */
  #wasKilled = false;
  /** Where lines end in the FIFO. */
  readonly #ends: number[] = [];
  readonly #fs = new CrashFileSystem();
  readonly #fifo = new ModelFifo(this.#fs);
  readonly #record: ModelRecord;
  readonly #settings: ModelSettings;
  readonly #random: (limit: number) => number;
  #process: Process;

  constructor(settings: ModelSettings, random: (limit: number) => number) {
    this.#settings = settings;
    this.#random = random;
    this.#record = new ModelRecord(this.#fs, settings.sync);
    this.#fs.makeFolder('/journal');
    this.#fs.syncFolder('/');
    this.#process = this.#start(false, false);
  }

  /** Lines that the container wrote. */
  get written(): number {
    return this.sizes.length;
  }

  /** Lines of which the FIFO holds nothing. */
  get taken(): number {
    const waiting = this.#ends.findIndex((end) => end > this.#fifo.taken);
    return waiting < 0 ? this.written : waiting;
  }

  async run({ operation, trouble }: Step): Promise<void> {
    if (this.isOver) return;
    this.#arm(trouble);
    try {
      await this.#do(operation);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.#die(this.#random(1000), false);
    }
    this.#fs.inject = () => undefined;
    this.#check();
  }

  /** What holds between any two steps. */
  #check(): void {
    const { journal, account, transport, takenBefore } = this.#process;
    if (this.takenAtFailure === undefined && this.#settings.sync !== 'none' && journal.isSynced && this.#record.isSafe) this.#isSafe();
    if (account.bytesRead !== this.#fifo.taken - takenBefore) throw new Error(`${account.bytesRead} bytes are counted as read, not ${this.#fifo.taken - takenBefore}`);
    const { linesRead, linesConfirmed } = account;
    const open = linesRead - linesConfirmed - droppedOf(account);
    if (transport.hasLost ? open < transport.linesUnderWay : open !== transport.linesUnderWay) throw new Error(`${open} lines are read, and neither confirmed nor dropped; ${transport.linesUnderWay} are under way`);
  }

  /** What was taken until now survives a power failure. */
  #isSafe(): void {
    this.safe = this.taken;
    this.#wasKilled = false;
  }

  /** Everything is well from now on, and the container ends: what is left is delivered. */
  async finish(): Promise<void> {
    this.#fifo.isEnded = true;
    for (let round = 0; !this.isOver; round++) {
      if (round > 5000) throw new Error(`does not end: ${this.#fifo.describe()} ${JSON.stringify(this.#process.session.status())}`);
      this.#process.transport.open();
      await this.#do({ kind: 'read', count: 10 });
      await this.#do({ kind: 'confirm', count: 1000 });
      await this.#do({ kind: 'tick', count: 1 });
      this.#fs.settle();
      this.#check();
    }
  }

  async #do(operation: Operation): Promise<void> {
    const { budget, session, transport } = this.#process;
    switch (operation.kind) {
      case 'write': return this.#write(operation.lines, operation.size);
      case 'read': return this.#read(operation.count);
      case 'confirm': return transport.confirm(operation.count);
      case 'refuse':
        this.areRecordsLate = true;
        this.#blur();
        transport.refuse();
        // Until then a kill has the lines sent once more, perhaps behind others that are permitted meanwhile.
        return budget.tick();
      case 'tick':
        for (let i = 0; i < operation.count; i++) {
          budget.tick();
          mock.timers.tick(TICK_MS);
        }
        return;
      case 'settle': return this.#fs.settle(operation.count);
      case 'lose':
        if (operation.arrived > 0) this.#blur();
        transport.arrive(operation.arrived);
        return transport.lose();
      case 'kill': return this.#die(operation.arrived, false);
      case 'power': return this.#die(operation.arrived, true);
      case 'open': return transport.open();
      case 'block': return transport.block();
      case 'give-up':
        // Of a container that has ended no record is left then, as the guarantees say.
        return this.takenAtFailure === undefined ? transport.giveUp() : undefined;
      case 'end':
        // The next process does not know of which line the beginning was counted.
        if (this.#settings.overflow.policy === 'drop-newest') this.#blur();
        await this.#shutDown(session);
        if (this.#settings.sync !== 'none' && this.takenAtFailure === undefined) this.#isSafe();
        this.#fs.inject = () => undefined;
        this.#process = this.#start(false, false);
    }
  }

  /** What is to be synced before the end is so meanwhile. */
  async #shutDown(session: Session): Promise<void> {
    let isDone = false;
    let failure: unknown;
    session.shutDown(AbortSignal.abort()).catch((error: unknown) => failure = error).finally(() => isDone = true);
    for (let round = 0; !isDone; round++) {
      if (round > 1000) throw new Error('the session does not shut down');
      this.#fs.settle();
      await Promise.resolve();
    }
    if (failure !== undefined) throw failure;
  }

  #write(lines: number, size: number): void {
    if (this.#fifo.isEnded) return;
    for (let i = 0; i < lines; i++) {
      const number = this.written;
      const text = `${String(number).padStart(6, '0')} `.repeat(Math.ceil(size / 7));
      const time = BigInt(EPOCH_SECONDS) * 1_000_000_000n + BigInt(number) * 1000n;
      const frames = Buffer.concat(entriesOf('stdout', `${text}\n`, time).map(encodeFrame));
      this.#fifo.write(frames);
      this.#ends.push((this.#ends.at(-1) ?? 0) + frames.length);
      this.sizes.push(text.length);
    }
  }

  #read(count: number): void {
    for (let i = 0; i < count && this.#fifo.tell(); i++) continue;
  }

  /** The process is gone, and the next one begins. */
  #die(arrived: number, isPowerLost: boolean): void {
    this.#blur();
    // A disk that takes no line may not take the word that there was one, either.
    if (this.#process.session.status().journal.volatile_bytes > 0) this.books = 'blind';
    this.#process.transport.arrive(arrived);
    this.#fs.inject = () => undefined;
    if (isPowerLost) this.#losePower();
    else this.#fs.kill();
    this.#wasKilled = true;
    this.#process = this.#start(true, this.takenAtFailure !== undefined);
  }

  #losePower(): void {
    const { sync } = this.#settings;
    if (sync === 'always' && !this.#wasKilled && this.takenAtFailure === undefined && this.safe < this.taken) throw new Error(`${this.taken} lines were taken, and only ${this.safe} are safe`);
    this.takenAtFailure ??= this.taken;
    this.#fifo.losePower();
    this.#fs.losePower(this.#random);
  }

  #start(isAfterKill: boolean, isOfOtherBoot: boolean): Process {
    if (!this.#record.isSaved) this.books = 'blind';
    mock.timers.reset();
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'], now: (EPOCH_SECONDS + HOUR_SECONDS * this.accounts.length) * 1000 });
    const { overflow, oversize, sync, maxPayload } = this.#settings;
    const budget = new DiskBudget({
      root: '/journal', limit: LIMIT, memory: new MemoryBudget(MEMORY), fs: this.#fs,
      listener: { failed: () => undefined, healed: () => undefined },
      repeat: () => () => undefined,
    });
    const account = new Account(new Log({ write: () => true }), 'web');
    this.accounts.push(account);
    const record = this.#record.load();
    let transport: ModelTransport | undefined;
    let journal: DiskJournal | undefined;
    const takenBefore = this.#fifo.taken;
    const way = makeWay((listener, epoch) => transport = new ModelTransport(this.stream, listener, epoch, maxPayload));
    const session = new Session({
      openFifo: isOfOtherBoot ? undefined : (readable) => this.#fifo.open(readable),
      openJournal: (owner) => journal = new DiskJournal(budget, { folder: '/journal/web', id: 'web', sync, owner }),
      ways: [{ ...way, plan: { ...way.plan, oversize }, formatter: createJsonFormatter(FACTS) }],
      overflow: { ...overflow, limit: LIMIT }, isAfterKill, mayHaveLost: isOfOtherBoot && sync !== 'always', mayHaveSeam: false,
      gaps: { main: record.gaps },
      saveGaps: (_output, gaps) => this.#record.update({ gaps }),
      seams: record.seams,
      saveSeams: (seams) => this.#record.update({ seams: [...seams] }),
      leaving: [],
      saveLeaving: () => undefined,
      held: new HeldBytes(1024 * 1024),
      openAccount: () => account,
      removed: () => undefined,
      ended: (isOver) => void (this.isOver = isOver),
    });
    // What the session puts off to the next turn.
    mock.timers.tick(1);
    return { budget, session, account, takenBefore, journal: journal as unknown as DiskJournal, transport: transport as unknown as ModelTransport };
  }

  #blur(): void {
    if (this.books === 'exact') this.books = 'cautious';
  }

  /** Nothing is left but to remove what was kept: nobody waits for that, and hears of a crash in it. */
  get #isEnding(): boolean {
    const { state, journal } = this.#process.session.status();
    return state !== 'live' && journal.bytes === 0;
  }

  #arm(trouble: Trouble | undefined): void {
    if (trouble === undefined) return;
    let calls = 0;
    this.#fs.inject = (call: keyof FileSystem) => {
      const index = calls++ - trouble.after;
      if (index < 0 || index >= trouble.count || call === 'size' || this.#isEnding) return undefined;
      if (trouble.fault !== 'crash') this.#blur();
      return trouble.fault;
    };
  }
}

export function droppedOf({ linesDropped }: Account): number {
  return Object.values(linesDropped).reduce((sum, lines) => sum + lines, 0);
}

/** The number of the line that was written at a time of a message. */
export function numberAt(time: string): number {
  const seconds = Date.parse(`${time.slice(0, 19)}Z`) / 1000 - EPOCH_SECONDS;
  return Math.round((seconds * 1e9 + Number(time.slice(20, 29))) / 1000);
}
