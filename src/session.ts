/**
 * One container's log, from StartLogging until NATS has confirmed its last line: wires FIFO, journal, decoder,
 * stages and transport, and keeps two offsets:
 *
 *   watermark ≤ cursor ≤ journal.head
 *
 * Before the watermark everything is confirmed; from the watermark to the cursor it is on its way; from the cursor
 * on it waits for room in the window. A lost connection sets the cursor back to the watermark.
 */
import type { DropReason, Formatter, Gap, Journal, JournalOwner, JournalRun, Moment, SessionPlan, Tally, Transport, TransportListener } from './core/types.ts';
import { timeOfOldest } from './backlog.ts';
import { Fifo } from './docker/fifo.ts';
import { FrameDecoder } from './docker/frame-decoder.ts';
import { Gaps } from './gaps.ts';
import { measureLoss, type Loss } from './losses.ts';
import { Overflow } from './overflow.ts';
import { Publisher } from './stages/publish.ts';
import { Reassembler, type HeldBytes } from './stages/reassemble.ts';
import type { Account } from './core/account.ts';
import type { OutputState, OutputStatus, SessionStatus } from './core/status.ts';

/** How long a line that the engine split may wait for its end. Everything behind it stays unconfirmed as long. */
const HELD_LINE_MS = 5000;
/** The engine closes its end right after StopLogging was answered; if it never does, the session ends all the same. */
const CLOSE_AFTER_STOP_MS = 5000;
/** What the engine may still have for a stopping container: its FIFO, and 1 MB per source which swells when framed. */
const DRAIN_BYTES = 64 * 1024 * 1024;

export interface SessionSettings {
  /** undefined: the FIFO is gone, and only what the journal kept is to be delivered. */
  readonly file: string | undefined;
  readonly formatter: Formatter;
  readonly plan: Pick<SessionPlan, 'oversize' | 'overflow'>;
  /** Those whose records were not confirmed when the process before this one ended. */
  readonly gaps: readonly Gap[];
  /** To be kept for the next process. */
  readonly saveGaps: (gaps: readonly Gap[]) => void;
  readonly openTransport: (listener: TransportListener, epoch: number) => Transport;
  readonly openJournal: (owner: JournalOwner) => Journal;
  /** What this process finds in the FIFO may not follow what the journal has. */
  readonly mayHaveSeam: boolean;
  /** The process before this one was killed. */
  readonly isAfterKill: boolean;
  /** It may have taken lines from the FIFO that the journal does not have. */
  readonly mayHaveLost: boolean;
  readonly held: HeldBytes;
  readonly account: Account;
  /** Called once, when nothing is left to do here. `isOver`: nor in a later process. `isKept`: the journal has all from the watermark on. */
  readonly ended: (isOver: boolean, isKept: boolean) => void;
}

export class Session implements TransportListener, JournalOwner {
  readonly #journal: Journal;
  readonly #decoder: FrameDecoder;
  readonly #reassembler: Reassembler;
  readonly #publisher: Publisher;
  readonly #transport: Transport;
  readonly #fifo: Fifo | undefined;
  readonly #settings: SessionSettings;
  readonly #overflow: Overflow;
  readonly #gaps: Gaps;
  #watermark = 0;
  /** Messages before the watermark. */
  #sequence = 0;
  #cursor = 0;
  /** Where bytes may be missing, in order: a frame that began before is never joined with what comes behind. */
  readonly #seams: number[] = [];
  /** The engine has written its last line; it may not have closed its end yet. */
  #isStopping = false;
  /** The FIFO will bring no more. */
  #isComplete = false;
  /** The process ends before the container does. */
  #isSuspended = false;
  #isEnded = false;
  /** Where the line begins that the timer is for. */
  #heldFrom = Number.POSITIVE_INFINITY;
  #heldTimer: NodeJS.Timeout | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  /** The watermark that was handed over last. */
  #committed = 0;
  /** Bytes that were decoded since then. */
  #decoded = 0;
  /** Whoever waits for everything to be confirmed. */
  readonly #waiting = new Set<() => void>();

  /** Opens the FIFO; throws an Error for the user when that fails. Whatever fails, nothing stays open. */
  constructor(settings: SessionSettings) {
    this.#settings = settings;
    using opened = new DisposableStack();
    this.#fifo = settings.file === undefined ? undefined : new Fifo(settings.file, () => this.#read(this.#isStopping));
    opened.defer(() => this.#fifo?.close());
    this.#journal = settings.openJournal(this);
    opened.defer(() => this.#journal.close());
    this.#transport = settings.openTransport(this, this.#journal.epoch);
    opened.move();
    this.#gaps = new Gaps(settings.gaps, this.#journal.head, settings.saveGaps);
    this.#publisher = new Publisher(this.#transport, settings.formatter, settings.plan.oversize);
    this.#reassembler = new Reassembler(this.#publisher, settings.held);
    this.#decoder = new FrameDecoder(this.#reassembler, (bytes) => this.#publisher.skipped(bytes));
    this.#watermark = this.#journal.watermark;
    this.#sequence = this.#journal.sequence;
    this.#overflow = new Overflow(settings.plan.overflow, this.#journal, {
      dropped: (loss) => this.#gaveUp({ ...loss, reason: 'overflow' }, loss.end),
      seam: () => this.#addSeam(this.#journal.head),
    });
    if (settings.mayHaveSeam) this.#seams.push(this.#journal.head);
    if (settings.isAfterKill && (settings.mayHaveLost || this.#journal.isTorn)) this.#crashed();
    for (const { from, to } of this.#journal.missing) {
      this.unreadable(from, to);
      this.#journal.discard(from, to);
    }
    this.#rewind();
    if (this.#journal.head > this.#watermark) settings.account.inherited(timeOfOldest(this.#journal));
    // The owner must know the session before it can end.
    setImmediate(() => this.#fifo === undefined ? this.#complete() : this.#pump());
  }

  status(): Pick<SessionStatus, 'state' | 'bytes_read' | 'last_read_at' | 'journal'> & Pick<OutputStatus, 'unconfirmed_bytes' | 'counts'> & { output: OutputState } {
    const { account } = this.#settings;
    const bytes = this.#journal.head - this.#watermark;
    return {
      state: this.#isStopping ? 'stopping' : 'live',
      bytes_read: account.bytesRead,
      ...(account.lastReadAt === undefined ? {} : { last_read_at: new Date(account.lastReadAt).toISOString() }),
      journal: { kind: this.#journal.kind, bytes, volatile_bytes: this.#journal.volatileBytes, oldest_age_seconds: account.oldestAge(bytes > 0) },
      unconfirmed_bytes: bytes,
      counts: account.counts(),
      output: this.#outputState,
    };
  }

  get #outputState(): OutputState {
    if (this.#transport.hasGivenUp) return 'gave-up';
    if (this.#transport.isReady) return 'ready';
    return this.#transport.isAway ? 'away' : 'waiting';
  }

  /** Bytes that wait for room in the window. */
  get unread(): number {
    return this.#journal.head - this.#cursor;
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
    if (!this.#transport.isAway) await this.#allConfirmed(signal);
  }

  /**
   * The process ends: what was read is delivered, if that succeeds before `signal`; what is safe in the journal does not
   * wait for a NATS that is away. The journal keeps the rest for the next process; what it cannot keep is counted as lost, and
   * while NATS is away not even read: it is safer in the FIFO.
   */
  async shutDown(signal: AbortSignal): Promise<void> {
    this.#isSuspended = !this.#isStopping;
    if (this.#transport.isReady) this.#drain();
    this.#complete();
    if (!this.#transport.isAway || this.#journal.volatileBytes > 0) await this.#allConfirmed(signal);
    if (this.#isEnded) return;
    this.#rewind();
    if (this.#journal.volatileBytes > 0) this.#dropAll('shutdown');
    this.#end();
  }

  ready(): void {
    this.#pump();
  }

  confirmed(watermark: number, tally: Tally, refused: boolean): void {
    this.#settings.account.confirmed(tally, refused);
    this.#sequence += tally.messages;
    if (tally.gaps > 0) this.#gaps.confirmed(tally.gaps);
    this.#advance(watermark);
    this.#settle();
  }

  lost(): void {
    this.#rewind();
    this.#pump();
  }

  gaveUp(): void {
    this.#rewind();
    this.#pump();
  }

  /** Gives up the oldest unread lines. Called when the memory for all sessions is exhausted. */
  shed(bytes: number): void {
    this.#drop('overflow', bytes);
  }

  readable(): void {
    this.#pump();
  }

  unreadable(from: number, to: number): void {
    this.#settings.account.unreadable(to - from);
    this.#gaps.add({ end: to, reason: 'unreadable', bytes: to - from, to: now() }, from);
    this.#addSeam(to);
  }

  /** Nobody knows what, and whether anything, is missing. */
  #crashed(): void {
    const { head } = this.#journal;
    this.#settings.account.crashed();
    this.#gaps.add({ end: head, reason: 'crash', to: now() }, head);
  }

  /** Takes what the FIFO has, or a part of it; returns how many bytes. `isUrgent`: this must not wait for room. */
  #read(isUrgent: boolean): number {
    if (this.#fifo === undefined || this.#isComplete) return 0;
    const taken = this.#overflow.take(this.#fifo, isUrgent);
    if (taken === 'ended') this.#complete();
    if (typeof taken !== 'number') return 0;
    this.#settings.account.read(taken);
    this.#pump();
    return taken;
  }

  /** All that the engine wrote before it asked is in the FIFO. */
  #drain(): void {
    for (let total = 0, taken = -1; taken !== 0 && total < DRAIN_BYTES; total += taken) taken = this.#read(true);
  }

  /** Publishes what waits, as far as there is room. */
  #pump(): void {
    if (this.#isEnded) return;
    while (this.#transport.isReady && this.#cursor < this.#journal.head && this.#publishRun()) continue;
    if (this.#transport.isReady && this.#writeGaps()) this.#commit();
    if (this.#transport.hasGivenUp) this.#dropAll('gave-up');
    if (!this.#transport.isReady) this.#transport.wait();
    else if (this.#isStopping && this.#cursor >= this.#journal.head) this.#finish();
    this.#settle();
  }

  /** False when the journal cannot be read now. */
  #publishRun(): boolean {
    const run = this.#readRun(this.#cursor, this.#decoder);
    if (run === 'later') return false;
    const offset = run?.offset ?? this.#journal.head;
    if (offset !== this.#cursor) this.#jump(offset);
    this.#writeGaps();
    if (run !== undefined) {
      this.#decoder.push(run.bytes);
      this.#cursor += run.bytes.length;
      this.#decoded += run.bytes.length;
    }
    this.#commit();
    return true;
  }

  /** What is to be decoded next; ends at a seam. The decoder is where it begins. */
  #readRun(at: number, decoder: FrameDecoder): JournalRun | 'later' | undefined {
    const run = this.#journal.read(at);
    if (typeof run !== 'object') return run;
    this.#align(decoder, at, run.offset);
    const seam = this.#seams.find((each) => each > run.offset);
    return seam === undefined ? run : { offset: run.offset, bytes: run.bytes.subarray(0, seam - run.offset) };
  }

  /** Behind a seam no frame need begin. */
  #align(decoder: FrameDecoder, from: number, to: number): void {
    if (this.#seams.includes(to)) decoder.resume(to);
    else if (from !== to) decoder.seek(to);
  }

  #addSeam(offset: number): void {
    const next = this.#seams.findIndex((each) => each >= offset);
    if (next < 0) this.#seams.push(offset);
    else if (this.#seams[next] !== offset) this.#seams.splice(next, 0, offset);
  }

  /** Goes on at `offset`: what lay between is missing, so a held line has lost its end. */
  #jump(offset: number): void {
    this.#reassembler.release();
    this.#align(this.#decoder, this.#cursor, offset);
    this.#cursor = offset;
  }

  #commit(): void {
    this.#committed = Math.min(this.#decoder.position, this.#reassembler.heldFrom);
    this.#settings.account.sent(this.#publisher.commit(this.#committed, this.#decoded, this.#decoder.newest));
    this.#decoded = 0;
    this.#watchHeld(this.#reassembler.heldFrom);
  }

  /** Each line that is held has its own time. */
  #watchHeld(heldFrom: number): void {
    if (heldFrom === this.#heldFrom) return;
    this.#heldFrom = heldFrom;
    clearTimeout(this.#heldTimer);
    if (heldFrom !== Number.POSITIVE_INFINITY) this.#heldTimer = setTimeout(() => this.#releaseHeld(), HELD_LINE_MS);
  }

  #releaseHeld(): void {
    this.#watchHeld(Number.POSITIVE_INFINITY);
    if (this.#transport.isReady) this.#reassembler.release();
    this.#commit();
  }

  /** No line will go on: writes what is held. An unfinished frame is skipped once the FIFO is closed. */
  #finish(): void {
    if (this.#hasSequel) return;
    if (this.#isComplete) this.#decoder.end();
    else this.#reassembler.end();
    if (this.#committed < this.#decoder.position) this.#commit();
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

  /** Looks whether this was the last confirmation that somebody waits for. */
  #settle(): void {
    if (!this.#isDelivered && !this.#isLeftWhole) return;
    if (this.#isDelivered) this.#settings.account.settled();
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    if (this.#isComplete) this.#end();
  }

  /** Nothing is left to tell NATS, or nobody to tell it to. */
  get #isDelivered(): boolean {
    return this.#watermark >= this.#journal.head && (this.#gaps.isEmpty || this.#transport.hasGivenUp);
  }

  /** Only the beginning of a line is left, for the next process. */
  get #isLeftWhole(): boolean {
    return this.#hasSequel && this.#cursor >= this.#journal.head && this.#watermark >= this.#committed && this.#gaps.isEmpty;
  }

  #allConfirmed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      this.#waiting.add(resolve);
      signal.addEventListener('abort', () => resolve());
      this.#settle();
    });
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#watchHeld(Number.POSITIVE_INFINITY);
    const isDelivered = this.#isDelivered;
    if (isDelivered) this.#journal.remove();
    else this.#journal.close();
    this.#reassembler.reset();
    this.#transport.close();
    this.#settings.ended(isDelivered && !this.#isSuspended, !isDelivered);
  }

  #rewind(): void {
    this.#settings.account.rewound();
    this.#cursor = this.#watermark;
    this.#committed = this.#watermark;
    this.#decoded = 0;
    this.#gaps.rewind();
    this.#decoder.seek(this.#watermark);
    this.#reassembler.reset();
    this.#publisher.reset(this.#sequence);
    this.#watchHeld(Number.POSITIVE_INFINITY);
  }

  /** Gives up whole entries from the first that was not handed over, at least `bytes` of them if there are as many. */
  #drop(reason: DropReason, bytes: number): void {
    const from = this.#decoder.position;
    const { account } = this.#settings;
    const loss = measureLoss((at, decoder) => this.#readRun(at, decoder), from, bytes, (skipped) => account.skipped(skipped));
    const { end: to } = loss;
    if (to === from) return;
    this.#gaveUp({ ...loss, reason }, from);
    this.#journal.discard(from, to);
    const isNothingUnderWay = this.#watermark === from;
    this.#jump(to);
    if (isNothingUnderWay) this.#advance(to);
    else this.#commit();
  }

  /** `start`: offset of the first of the lines. */
  #gaveUp(loss: Loss & { readonly reason: DropReason }, start: number): void {
    this.#settings.account.dropped(loss.reason, loss.lines);
    if (loss.lines > 0) this.#gaps.add(loss, start);
  }

  /** The records of what was given up before the cursor; whether there were any. */
  #writeGaps(): boolean {
    let gap = this.#gaps.take(this.#cursor);
    const isAny = gap !== undefined;
    for (; gap !== undefined; gap = this.#gaps.take(this.#cursor)) this.#publisher.writeGap(gap);
    return isAny;
  }

  #dropAll(reason: DropReason): void {
    this.#drop(reason, Number.POSITIVE_INFINITY);
    if (!this.#isComplete || this.#hasSequel) return;
    this.#settings.account.skipped(this.#keptFrom(this.#decoder.position));
    this.#advance(this.#journal.head);
  }

  /** What was given up meanwhile may have moved it further. */
  #advance(watermark: number): void {
    this.#watermark = Math.max(this.#watermark, watermark);
    while ((this.#seams[0] ?? Number.POSITIVE_INFINITY) < this.#watermark) this.#seams.shift();
    this.#journal.release(this.#watermark, this.#sequence);
  }

  /** The next process goes on with what the journal keeps: a line that is not whole has its rest in the FIFO. */
  get #hasSequel(): boolean {
    return this.#isSuspended && this.#journal.volatileBytes === 0;
  }

  /** Bytes at or behind `offset` that were not given up. */
  #keptFrom(offset: number): number {
    let kept = 0;
    for (let at = offset; ;) {
      const run = this.#journal.read(at);
      if (run === undefined || run === 'later') return kept;
      kept += run.bytes.length;
      at = run.offset + run.bytes.length;
    }
  }
}

function now(): Moment {
  const ms = Date.now();
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
}
