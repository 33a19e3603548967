/**
 * One output of a session: decodes the journal's bytes, and publishes the lines until NATS has confirmed them. Keeps two
 * offsets:
 *
 *   watermark ≤ cursor ≤ journal.head
 *
 * Before the watermark everything is confirmed; from the watermark to the cursor it is on its way; from the cursor
 * on it waits for room in the window. A lost connection sets the cursor back to the watermark.
 *
 * Where the lines go may change: nothing more is handed over, until the old way has confirmed what it was given; then
 * the new one goes on between two lines. One that does not confirm in time is left, and its lines are sent again.
 */
import type { Account, Books } from './core/account.ts';
import type { OutputState, OutputStatus } from './core/status.ts';
import { serverName } from './core/target.ts';
import type { DropReason, Formatter, Gap, JournalRun, Mark, Moment, OutputPlan, Tally, Transport, TransportListener } from './core/types.ts';
import { FrameDecoder } from './docker/frame-decoder.ts';
import { Gaps } from './gaps.ts';
import { measureLoss, type Loss } from './losses.ts';
import { Publisher } from './stages/publish.ts';
import { Reassembler, type HeldBytes } from './stages/reassemble.ts';

/** How long a line that the engine split may wait for its end. Everything behind it stays unconfirmed as long. */
const HELD_LINE_MS = 5000;
/** How long a way that is to be left may take to confirm what it was given. */
const LEAVE_MS = 5000;

/** Where the lines go, and how they are written. */
export interface Way {
  readonly plan: OutputPlan;
  readonly formatter: Formatter;
  /** `epoch`: of the journal. */
  readonly openTransport: (listener: TransportListener, epoch: number) => Transport;
  /** It leads nowhere: its credentials are not known. */
  readonly isParked: boolean;
  /** Those of its transport. */
  readonly books: Books;
}

export interface DeliverySettings {
  readonly account: Account;
  /** Those whose records were not confirmed when the process before this one ended. */
  readonly gaps: readonly Gap[];
  /** To be kept for the next process. */
  readonly saveGaps: (gaps: readonly Gap[]) => void;
  readonly held: HeldBytes;
}

/** The session that a delivery belongs to. */
export interface DeliverySource {
  /** Offset behind the last byte that was read from the FIFO. */
  readonly head: number;
  readonly epoch: number;
  /** No line will go on, and none is to be waited for. */
  readonly isStopping: boolean;
  /** The FIFO will bring no more. */
  readonly isComplete: boolean;
  /** The next process goes on with what the journal keeps: a line that is not whole has its rest in the FIFO. */
  readonly hasSequel: boolean;
  /** What is to be decoded next; ends at a seam. The decoder is where it begins. */
  readRun(at: number, decoder: FrameDecoder): JournalRun | 'later' | undefined;
  /** The decoder goes on at `to`, where it would have gone on at `from`. */
  align(decoder: FrameDecoder, from: number, to: number): void;
  /** The watermark has moved. */
  advanced(delivery: Delivery): void;
  /** Something may be confirmed that somebody waits for. */
  settle(): void;
}

export class Delivery implements TransportListener {
  readonly account: Account;
  readonly #source: DeliverySource;
  readonly #held: HeldBytes;
  readonly #gaps: Gaps;
  #way: Way;
  #decoder: FrameDecoder;
  #reassembler: Reassembler;
  #publisher: Publisher;
  #transport: Transport;
  #watermark: number;
  /** Messages before the watermark. */
  #sequence: number;
  #cursor = 0;
  /** The watermark that was handed over last. */
  #committed = 0;
  /** Bytes that were decoded since then. */
  #decoded = 0;
  /** Where the line begins that the timer is for. */
  #heldFrom = Number.POSITIVE_INFINITY;
  #heldTimer: NodeJS.Timeout | undefined;
  /** What the present way is left for. */
  #next: Way | undefined;
  /** Offset behind the last line for this output. */
  #end = Number.POSITIVE_INFINITY;
  #leaveTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Begins at `from`. */
  constructor(source: DeliverySource, way: Way, { account, gaps, saveGaps, held }: DeliverySettings, from: Mark) {
    this.#source = source;
    this.#way = way;
    this.#held = held;
    this.account = account;
    this.#gaps = new Gaps(gaps, source.head, saveGaps);
    this.#watermark = from.offset;
    this.#sequence = from.sequence;
    this.#transport = way.openTransport(this, source.epoch);
    [this.#publisher, this.#reassembler, this.#decoder] = this.#makeStages();
    this.rewind();
  }

  get name(): string {
    return this.#way.plan.name;
  }

  get plan(): OutputPlan {
    return (this.#next ?? this.#way).plan;
  }

  /** Everything before it is confirmed or given up. */
  get watermark(): number {
    return this.#watermark;
  }

  get sequence(): number {
    return this.#sequence;
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Where the first line begins that was not handed over completely: no line is cut there. */
  get boundary(): number {
    return Math.max(this.#committed, this.#watermark);
  }

  /** Behind the last frame that was decoded. */
  get position(): number {
    return this.#decoder.position;
  }

  get isReady(): boolean {
    return this.#transport.isReady;
  }

  /** A confirmation is not to be expected soon. */
  get isAway(): boolean {
    return this.#transport.isAway;
  }

  get isParked(): boolean {
    return this.#way.isParked && this.#next === undefined;
  }

  /** Its output is not in the configuration any more. */
  get isLeaving(): boolean {
    return this.#end !== Number.POSITIVE_INFINITY;
  }

  /** Nothing is left to tell NATS, or nobody to tell it to. */
  get isDelivered(): boolean {
    return this.#watermark >= this.#head && (this.#gaps.isEmpty || this.#transport.hasGivenUp);
  }

  /** Only the beginning of a line is left, for the next process. */
  get isLeftWhole(): boolean {
    return this.#source.hasSequel && this.#cursor >= this.#head && this.#watermark >= this.#committed && this.#gaps.isEmpty;
  }

  status(): OutputStatus {
    const { name, subject, transport, format, target } = this.plan;
    return {
      name, subject, transport, format, servers: target.servers.map(serverName), state: this.#state,
      unconfirmed_bytes: this.#head - this.#watermark, counts: this.account.counts(),
    };
  }

  get #state(): OutputState {
    if (this.isParked) return 'parked';
    if (this.#transport.hasGivenUp) return 'gave-up';
    if (this.#transport.isReady) return 'ready';
    return this.#transport.isAway ? 'away' : 'waiting';
  }

  ready(): void {
    this.pump();
  }

  confirmed(watermark: number, tally: Tally, refused: boolean): void {
    this.account.confirmed(tally, refused);
    this.#sequence += tally.messages;
    if (tally.gaps > 0) this.#gaps.confirmed(tally.gaps);
    this.#advance(watermark);
    if (this.#next !== undefined) this.#leave();
    this.#source.settle();
  }

  lost(): void {
    this.rewind();
    this.pump();
  }

  gaveUp(): void {
    this.rewind();
    this.pump();
  }

  /** Publishes what waits, as far as there is room. */
  pump(): void {
    if (this.#isClosed) return;
    if (this.#next !== undefined && !this.#leave()) return;
    while (this.#transport.isReady && this.#cursor < this.#head && this.#publishRun()) continue;
    if (this.#transport.isReady && this.#writeGaps()) this.#commit();
    if (this.#transport.hasGivenUp) this.dropAll('gave-up');
    if (!this.#transport.isReady) this.#transport.wait();
    else if ((this.#source.isStopping || this.isLeaving) && this.#cursor >= this.#head) this.#finish();
    this.#source.settle();
  }

  /** Somebody waits for the last confirmation. */
  hurry(): void {
    this.#transport.hurry?.();
  }

  /** The lines go another way from now on; or on the present one, as long as it is the same. */
  change(way: Way): void {
    this.#end = Number.POSITIVE_INFINITY;
    const isSame = isSameWay(way, this.#way);
    clearTimeout(this.#leaveTimer);
    this.#next = isSame ? undefined : way;
    if (!isSame) this.#leaveTimer = setTimeout(() => this.#switch(), LEAVE_MS);
    this.pump();
  }

  /** Its output is no more: what lies before `end` is still delivered. `tooLate` says that this takes too long. */
  remove(end: number, tooLate: () => void): void {
    this.#next = undefined;
    clearTimeout(this.#leaveTimer);
    this.#end = Math.max(end, this.boundary);
    this.#leaveTimer = setTimeout(tooLate, LEAVE_MS);
    this.pump();
  }

  /** Bytes are missing. */
  missing(gap: Gap, start: number): void {
    this.#gaps.add(gap, start);
  }

  /** `start`: offset of the first of the lines. */
  lose(loss: Loss & { readonly reason: DropReason }, start: number): void {
    this.account.dropped(loss.reason, loss.lines);
    if (loss.lines > 0) this.#gaps.add(loss, start);
  }

  /** What begins at its position was given up: goes on at `to`. */
  skip(to: number): void {
    const isNothingUnderWay = this.#watermark === this.#decoder.position;
    this.#jump(to);
    if (isNothingUnderWay) this.#advance(to);
    else this.#commit();
  }

  /** Nothing may be on its way. */
  dropAll(reason: DropReason): void {
    const from = this.#decoder.position;
    const loss = measureLoss((at, decoder) => this.#readRun(at, decoder), from, Number.POSITIVE_INFINITY, (skipped) => this.account.skipped(skipped));
    if (loss.end > from) {
      this.lose({ ...loss, reason }, from);
      this.skip(loss.end);
    }
    if ((!this.#source.isComplete || this.#source.hasSequel) && !this.isLeaving) return;
    this.account.skipped(this.#keptFrom(this.#decoder.position));
    this.#advance(this.#head);
  }

  /** What was handed over and not confirmed will be read again. */
  rewind(): void {
    this.account.rewound();
    this.#cursor = this.#watermark;
    this.#committed = this.#watermark;
    this.#decoded = 0;
    this.#gaps.rewind();
    this.#decoder.seek(this.#watermark);
    this.#reassembler.reset();
    this.#publisher.reset(this.#sequence);
    this.#watchHeld(Number.POSITIVE_INFINITY);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#leaveTimer);
    this.#watchHeld(Number.POSITIVE_INFINITY);
    this.#reassembler.reset();
    this.#transport.close();
  }

  /** Offset behind the last byte that is for this output. */
  get #head(): number {
    return Math.min(this.#source.head, this.#end);
  }

  #makeStages(): [Publisher, Reassembler, FrameDecoder] {
    const { formatter, plan: { oversize } } = this.#way;
    const publisher = new Publisher(this.#transport, formatter, oversize);
    const reassembler = new Reassembler(publisher, this.#held);
    return [publisher, reassembler, new FrameDecoder(reassembler, (bytes) => publisher.skipped(bytes))];
  }

  /** Goes over to the next way, if nothing is on the present one. */
  #leave(): boolean {
    const isUnderWay = this.#watermark < this.#committed || this.#gaps.areUnderWay;
    if (isUnderWay && !this.#transport.isAway && !this.#transport.hasGivenUp) {
      this.hurry();
      return false;
    }
    this.#switch();
    return true;
  }

  #switch(): void {
    if (this.#next === undefined) return;
    clearTimeout(this.#leaveTimer);
    this.#reassembler.reset();
    this.#transport.close();
    this.#way = this.#next;
    this.#next = undefined;
    this.account.moveTo(this.#way.books);
    this.#transport = this.#way.openTransport(this, this.#source.epoch);
    [this.#publisher, this.#reassembler, this.#decoder] = this.#makeStages();
    this.rewind();
    this.pump();
  }

  /** False when the journal cannot be read now. */
  #publishRun(): boolean {
    const run = this.#readRun(this.#cursor, this.#decoder);
    if (run === 'later') return false;
    const offset = run?.offset ?? this.#head;
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

  #readRun(at: number, decoder: FrameDecoder): JournalRun | 'later' | undefined {
    const run = this.#source.readRun(at, decoder);
    return this.isLeaving ? cutRun(run, this.#end) : run;
  }

  /** Goes on at `offset`: what lay between is missing, so a held line has lost its end. */
  #jump(offset: number): void {
    this.#reassembler.release();
    this.#source.align(this.#decoder, this.#cursor, offset);
    this.#cursor = offset;
  }

  #commit(): void {
    this.#committed = Math.min(this.#decoder.position, this.#reassembler.heldFrom);
    this.account.sent(this.#publisher.commit(this.#committed, this.#decoded, this.#decoder.newest));
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
    if (this.#transport.isReady && this.#next === undefined) this.#reassembler.release();
    this.#commit();
  }

  /** No line will go on: writes what is held. An unfinished frame is skipped once the FIFO is closed. */
  #finish(): void {
    if (this.#source.hasSequel && !this.isLeaving) return;
    if (this.#source.isComplete) this.#decoder.end();
    else this.#reassembler.end();
    if (this.#committed < this.#decoder.position) this.#commit();
  }

  /** The records of what was given up before the cursor; whether there were any. */
  #writeGaps(): boolean {
    let gap = this.#gaps.take(this.#cursor);
    const isAny = gap !== undefined;
    for (; gap !== undefined; gap = this.#gaps.take(this.#cursor)) this.#publisher.writeGap(gap);
    return isAny;
  }

  /** What was given up meanwhile may have moved it further. */
  #advance(watermark: number): void {
    this.#watermark = Math.max(this.#watermark, watermark);
    this.#source.advanced(this);
  }

  /** Bytes at or behind `offset` that were not given up. */
  #keptFrom(offset: number): number {
    let kept = 0;
    for (let at = offset, decoder = new FrameDecoder(this.#reassembler, () => undefined); ;) {
      const run = this.#readRun(at, decoder);
      if (run === undefined || run === 'later') return kept;
      kept += run.bytes.length;
      at = run.offset + run.bytes.length;
    }
  }
}

/** As much of the run as lies before `end`. */
export function cutRun(run: JournalRun | 'later' | undefined, end: number): JournalRun | 'later' | undefined {
  if (typeof run !== 'object' || run.offset + run.bytes.length <= end) return run;
  return run.offset >= end ? undefined : { offset: run.offset, bytes: run.bytes.subarray(0, end - run.offset) };
}

/** All that a plan says, and nothing else; what is not set is left out. */
function isSameWay(one: Way, other: Way): boolean {
  const key = ({ plan, isParked }: Way): string =>
    JSON.stringify([isParked, { ...plan, facts: { ...plan.facts, attributes: [...plan.facts.attributes] } }]);
  return key(one) === key(other);
}

export function now(): Moment {
  const ms = Date.now();
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
}
