/**
 * One container's log, from StartLogging until NATS has confirmed its last line: the FIFO, the journal, and the
 * deliveries that read it, one for each output. The journal keeps what the slowest of them has not confirmed.
 */
import { timeOfOldest } from './backlog.ts';
import type { SessionStatus } from './core/status.ts';
import { MAIN_OUTPUT, type Gap, type Journal, type JournalOwner, type JournalRun, type Mark, type OverflowPlan } from './core/types.ts';
import type { Account } from './core/account.ts';
import { cutRun, Delivery, now, type DeliverySource, type Way } from './delivery.ts';
import { Fifo } from './docker/fifo.ts';
import type { FrameDecoder } from './docker/frame-decoder.ts';
import { measureLoss, type Loss } from './losses.ts';
import { Overflow } from './overflow.ts';
import type { HeldBytes } from './stages/reassemble.ts';
import { Tail, type TailListener } from './tail.ts';

/** The engine closes its end right after StopLogging was answered; if it never does, the session ends all the same. */
const CLOSE_AFTER_STOP_MS = 5000;
/** What the engine may still have for a stopping container: its FIFO, and 1 MB per source which swells when framed. */
const DRAIN_BYTES = 64 * 1024 * 1024;

export interface SessionSettings {
  /** undefined: the FIFO is gone, and only what the journal kept is to be delivered. */
  readonly file: string | undefined;
  /** The main one first. */
  readonly ways: readonly Way[];
  readonly overflow: OverflowPlan;
  /** By output: those whose records were not confirmed when the process before this one ended. */
  readonly gaps: Readonly<Record<string, readonly Gap[]>>;
  /** To be kept for the next process. */
  readonly saveGaps: (output: string, gaps: readonly Gap[]) => void;
  readonly openJournal: (owner: JournalOwner) => Journal;
  /** What this process finds in the FIFO may not follow what the journal has. */
  readonly mayHaveSeam: boolean;
  /** The process before this one was killed. */
  readonly isAfterKill: boolean;
  /** It may have taken lines from the FIFO that the journal does not have. */
  readonly mayHaveLost: boolean;
  readonly held: HeldBytes;
  readonly openAccount: (way: Way) => Account;
  /** Called once, when nothing is left to do here. `isOver`: nor in a later process. `isKept`: the journal has all from the watermark on. */
  readonly ended: (isOver: boolean, isKept: boolean) => void;
  /** An output that is no more has ended. */
  readonly removed: (account: Account, output: string) => void;
}

/** Somebody who waits until these have delivered everything. */
interface Wait {
  readonly deliveries: readonly Delivery[];
  readonly done: () => void;
}

export class Session implements JournalOwner, DeliverySource {
  readonly #journal: Journal;
  readonly #fifo: Fifo | undefined;
  readonly #settings: SessionSettings;
  readonly #overflow: Overflow;
  /** The main one first, those that are leaving included. Replaced, never changed. */
  #deliveries: readonly Delivery[] = [];
  /** There were several once: each has a mark of its own. */
  #isMarked = false;
  /** Where bytes may be missing, in order: a frame that began before is never joined with what comes behind. */
  readonly #seams: number[] = [];
  /** The engine has written its last line; it may not have closed its end yet. */
  #isStopping = false;
  /** The FIFO will bring no more. */
  #isComplete = false;
  /** The process ends before the container does. */
  #isSuspended = false;
  #isEnded = false;
  #closeTimer: NodeJS.Timeout | undefined;
  readonly #waits = new Set<Wait>();
  /** Of those who look on. */
  readonly #tails = new Set<Tail>();

  /** Opens the FIFO; throws an Error for the user when that fails. Whatever fails, nothing stays open. */
  constructor(settings: SessionSettings) {
    this.#settings = settings;
    using opened = new DisposableStack();
    this.#fifo = settings.file === undefined ? undefined : new Fifo(settings.file, () => this.#read(this.#isStopping));
    opened.defer(() => this.#fifo?.close());
    this.#journal = settings.openJournal(this);
    opened.defer(() => this.#journal.close());
    this.#overflow = new Overflow(settings.overflow, this.#journal, {
      dropped: (loss) => this.#lose(this.#deliveries, loss, loss.end),
      seam: () => this.#addSeam(this.#journal.head),
    });
    opened.defer(() => this.#deliveries.forEach((delivery) => delivery.close()));
    for (const way of settings.ways) this.#deliveries = [...this.#deliveries, this.#open(way)];
    opened.move();
    if (this.#isMarked) this.#markAll();
    if (settings.mayHaveSeam) this.#addSeam(this.#journal.head);
    if (settings.isAfterKill && (settings.mayHaveLost || this.#journal.isTorn)) this.#crashed();
    for (const { from, to } of this.#journal.missing) {
      this.#missing(this.#deliveries.filter(({ name }) => (this.#journal.markOf(name)?.offset ?? 0) < to), from, to);
      this.#journal.discard(from, to);
    }
    for (const { account, watermark } of this.#deliveries) if (watermark < this.#journal.head) account.inherited(timeOfOldest(this.#journal));
    // The owner must know the session before it can end.
    setImmediate(() => this.#fifo === undefined ? this.#complete() : this.#pump());
  }

  status(): Pick<SessionStatus, 'state' | 'bytes_read' | 'last_read_at' | 'journal' | 'outputs'> {
    const { account } = this.#main;
    const bytes = this.#journal.head - this.#slowest;
    const ages = this.#deliveries.map((delivery) => delivery.account.oldestAge(!delivery.isDelivered));
    return {
      state: this.#main.isParked ? 'parked' : this.#isStopping ? 'stopping' : 'live',
      bytes_read: account.bytesRead,
      ...(account.lastReadAt === undefined ? {} : { last_read_at: new Date(account.lastReadAt).toISOString() }),
      journal: { kind: this.#journal.kind, bytes, volatile_bytes: this.#journal.volatileBytes, oldest_age_seconds: Math.max(...ages) },
      outputs: this.#deliveries.map((delivery) => delivery.status()),
    };
  }

  get head(): number {
    return this.#journal.head;
  }

  get epoch(): number {
    return this.#journal.epoch;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The next process goes on with what the journal keeps: a line that is not whole has its rest in the FIFO. */
  get hasSequel(): boolean {
    return this.#isSuspended && this.#journal.volatileBytes === 0;
  }

  /** Bytes that wait for room in the window of the slowest output. */
  get unread(): number {
    return this.#journal.head - Math.min(...this.#deliveries.map(({ cursor }) => cursor));
  }

  get #main(): Delivery {
    return this.#deliveries[0] as Delivery;
  }

  /** Everything before it is confirmed or given up by all. */
  get #slowest(): number {
    return Math.min(...this.#deliveries.map(({ watermark }) => watermark));
  }

  /**
   * The outputs are these from now on, the main one first. Those that are new begin with the line that the main one comes to next;
   * those that are no more still deliver what lies before it, and what that takes too long for is counted.
   */
  change(ways: readonly Way[], overflow: OverflowPlan): void {
    if (this.#isEnded) return;
    this.#overflow.plan = overflow;
    const { boundary } = this.#main;
    const names = new Set(ways.map(({ plan }) => plan.name));
    for (const delivery of this.#deliveries.filter(({ name, isLeaving }) => !names.has(name) && !isLeaving)) {
      delivery.remove(boundary, () => this.#abandon(delivery));
      if (delivery.isParked) this.#abandon(delivery);
    }
    for (const way of ways) {
      const known = this.#deliveries.find(({ name }) => name === way.plan.name);
      if (known === undefined) this.#add(way, boundary);
      else known.change(way);
    }
  }

  /**
   * The engine has written its last: reads what is there and resolves when NATS has confirmed it, when `signal` says
   * that it is time to answer, or at once while NATS is away. Delivery goes on in any case.
   */
  async stop(signal: AbortSignal): Promise<void> {
    this.#drain();
    this.#isStopping = true;
    this.#closeTimer ??= setTimeout(() => this.#complete(), CLOSE_AFTER_STOP_MS);
    this.#pump();
    await this.#delivered(this.#deliveries.filter(({ isAway }) => !isAway), signal);
  }

  /**
   * The process ends: what was read is delivered, if that succeeds before `signal`; what is safe in the journal does not
   * wait for a NATS that is away. The journal keeps the rest for the next process; what it cannot keep is counted as lost, and
   * while NATS is away not even read: it is safer in the FIFO.
   */
  async shutDown(signal: AbortSignal): Promise<void> {
    this.#isSuspended = !this.#isStopping;
    if (this.#deliveries.every(({ isReady }) => isReady)) this.#drain();
    this.#complete();
    await this.#delivered(this.#journal.volatileBytes > 0 ? this.#deliveries : this.#deliveries.filter(({ isAway }) => !isAway), signal);
    if (this.#isEnded) return;
    this.#abandonLeaving();
    for (const delivery of this.#isEnded ? [] : this.#deliveries) {
      delivery.rewind();
      if (this.#journal.volatileBytes > 0) delivery.dropAll('shutdown');
    }
    this.#end();
  }

  /** Shows the lines that come from now on. Returns what ends it. */
  tail(listener: TailListener): () => void {
    const tail = new Tail(this.#journal.head, listener);
    this.#tails.add(tail);
    return () => this.#tails.delete(tail);
  }

  /** Gives up the oldest unread lines. Called when the memory for all sessions is exhausted. */
  shed(bytes: number): void {
    this.#abandonLeaving();
    const from = this.#firstUnsent();
    const losers = this.#deliveries.filter(({ position }) => position <= from);
    const limit = Math.min(...this.#deliveries.filter(({ position }) => position > from).map(({ watermark }) => watermark));
    const loss = measureLoss((at, decoder) => cutRun(this.readRun(at, decoder), limit), from, bytes, (skipped) => {
      for (const { account } of losers) account.skipped(skipped);
    });
    if (loss.end === from) return;
    this.#lose(losers, loss, from);
    this.#journal.discard(from, loss.end);
    for (const delivery of losers.filter(({ position }) => position === from)) delivery.skip(loss.end);
  }

  readable(): void {
    this.#pump();
  }

  unreadable(from: number, to: number): void {
    this.#missing(this.#deliveries.filter(({ watermark }) => watermark < to), from, to);
  }

  readRun(at: number, decoder: FrameDecoder): JournalRun | 'later' | undefined {
    const run = this.#journal.read(at);
    if (typeof run !== 'object') return run;
    this.align(decoder, at, run.offset);
    const seam = this.#seams.find((each) => each > run.offset);
    return seam === undefined ? run : { offset: run.offset, bytes: run.bytes.subarray(0, seam - run.offset) };
  }

  /** Behind a seam no frame need begin. */
  align(decoder: FrameDecoder, from: number, to: number): void {
    if (this.#seams.includes(to)) decoder.resume(to);
    else if (from !== to) decoder.seek(to);
  }

  advanced({ name, watermark, sequence }: Delivery): void {
    if (this.#isMarked) this.#journal.mark(name, watermark, sequence);
    this.#release();
  }

  /** Looks whether this was the last confirmation that somebody waits for. */
  settle(): void {
    for (const delivery of this.#deliveries) {
      if (!delivery.isDelivered) continue;
      delivery.account.settled();
      if (delivery.isLeaving) this.#remove(delivery);
    }
    for (const wait of this.#waits) {
      if (!wait.deliveries.every(isDone)) continue;
      this.#waits.delete(wait);
      wait.done();
    }
    if (this.#isComplete && this.#deliveries.every(isDone)) this.#end();
  }

  get #isDelivered(): boolean {
    return this.#deliveries.every(({ isDelivered }) => isDelivered);
  }

  #open(way: Way, from = this.#resumeAt(way.plan.name)): Delivery {
    const { gaps, saveGaps, openAccount, held } = this.#settings;
    const { name } = way.plan;
    this.#isMarked ||= name !== MAIN_OUTPUT;
    return new Delivery(this, way, { account: openAccount(way), held, gaps: gaps[name] ?? [], saveGaps: (changed) => saveGaps(name, changed) }, from);
  }

  /** Where the process before this one ended. The journal's own watermark is that of the slowest output, with the main one's sequence. */
  #resumeAt(output: string): Mark {
    const { watermark, sequence } = this.#journal;
    const mark = this.#journal.markOf(output);
    if (output === MAIN_OUTPUT) return { offset: Math.max(watermark, mark?.offset ?? 0), sequence: Math.max(sequence, mark?.sequence ?? 0) };
    return { offset: Math.max(watermark, mark?.offset ?? 0), sequence: mark?.sequence ?? 0 };
  }

  /** One that was there before goes on counting. */
  #add(way: Way, offset: number): void {
    const { name } = way.plan;
    const delivery = this.#open(way, { offset, sequence: this.#journal.markOf(name)?.sequence ?? 0 });
    this.#deliveries = [...this.#deliveries, delivery];
    this.#markAll();
    delivery.pump();
  }

  /** One that never confirms anything has a place, too. */
  #markAll(): void {
    for (const { name, watermark, sequence } of this.#deliveries) this.#journal.mark(name, watermark, sequence);
  }

  /** It is given no more time. */
  #abandon(delivery: Delivery): void {
    if (!this.#deliveries.includes(delivery)) return;
    delivery.rewind();
    delivery.dropAll('removed');
    this.#remove(delivery);
    this.settle();
  }

  #abandonLeaving(): void {
    for (const delivery of this.#deliveries.filter(({ isLeaving }) => isLeaving)) this.#abandon(delivery);
  }

  #remove(delivery: Delivery): void {
    if (!this.#deliveries.includes(delivery)) return;
    this.#deliveries = this.#deliveries.filter((each) => each !== delivery);
    delivery.close();
    this.#settings.removed(delivery.account, delivery.name);
    this.#release();
  }

  #release(): void {
    const offset = this.#deliveries.length === 1 ? this.#main.watermark : this.#slowest;
    while ((this.#seams[0] ?? Number.POSITIVE_INFINITY) < offset) this.#seams.shift();
    this.#journal.release(offset, this.#main.sequence);
  }

  #missing(deliveries: readonly Delivery[], from: number, to: number): void {
    for (const delivery of deliveries) {
      delivery.account.unreadable(to - from);
      delivery.missing({ end: to, reason: 'unreadable', bytes: to - from, to: now() }, from);
    }
    this.#addSeam(to);
  }

  /** Nobody knows what, and whether anything, is missing. */
  #crashed(): void {
    const { head } = this.#journal;
    for (const delivery of this.#deliveries) {
      delivery.account.crashed();
      delivery.missing({ end: head, reason: 'crash', to: now() }, head);
    }
  }

  /** Takes what the FIFO has, or a part of it; returns how many bytes. `isUrgent`: this must not wait for room. */
  #read(isUrgent: boolean): number {
    if (this.#fifo === undefined || this.#isComplete) return 0;
    const taken = this.#overflow.take(this.#fifo, isUrgent);
    if (taken === 'ended') this.#complete();
    if (typeof taken !== 'number') return 0;
    for (const delivery of this.#deliveries) if (!delivery.isLeaving) delivery.account.read(taken);
    for (const tail of this.#tails) tail.follow(this.#journal);
    this.#pump();
    return taken;
  }

  /** All that the engine wrote before it asked is in the FIFO. */
  #drain(): void {
    for (let total = 0, taken = -1; taken !== 0 && total < DRAIN_BYTES; total += taken) taken = this.#read(true);
  }

  #pump(): void {
    for (const delivery of this.#deliveries) delivery.pump();
  }

  #complete(): void {
    if (this.#isComplete) return;
    this.#isStopping = true;
    this.#isComplete = true;
    clearTimeout(this.#closeTimer);
    this.#overflow.close();
    this.#fifo?.close();
    this.#pump();
  }

  #delivered(deliveries: readonly Delivery[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      this.#waits.add({ deliveries, done: resolve });
      signal.addEventListener('abort', () => resolve());
      for (const delivery of deliveries) delivery.hurry();
      this.settle();
    });
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const isDelivered = this.#isDelivered;
    if (isDelivered) this.#journal.remove();
    else this.#journal.close();
    for (const delivery of this.#deliveries) delivery.close();
    for (const tail of this.#tails) tail.end();
    this.#settings.ended(isDelivered && !this.#isSuspended, !isDelivered);
  }

  #addSeam(offset: number): void {
    const next = this.#seams.findIndex((each) => each >= offset);
    if (next < 0) this.#seams.push(offset);
    else if (this.#seams[next] !== offset) this.#seams.splice(next, 0, offset);
  }

  /**
   * Behind the oldest line that was not handed over: what is on its way for one output, and may have to be read again, is given
   * up by none.
   */
  #firstUnsent(): number {
    let from = Math.min(...this.#deliveries.map(({ position }) => position));
    const isInFlight = ({ watermark, position }: Delivery): boolean => watermark <= from && from < position;
    for (let found = this.#deliveries.find(isInFlight); found !== undefined; found = this.#deliveries.find(isInFlight)) from = found.position;
    return from;
  }

  #lose(deliveries: readonly Delivery[], loss: Loss, start: number): void {
    for (const delivery of deliveries) if (!delivery.isLeaving) delivery.lose({ ...loss, reason: 'overflow' }, start);
  }
}

/** Nothing is left, or only the beginning of a line. */
function isDone({ isDelivered, isLeftWhole }: Delivery): boolean {
  return isDelivered || isLeftWhole;
}
