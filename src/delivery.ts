/**
 * One output of a session: publishes the journal's lines until NATS has confirmed them. Keeps two offsets:
 *
 *   watermark ≤ cursor ≤ journal.head
 *
 * Before the watermark everything is confirmed; from the watermark to the cursor it is on its way; from the cursor
 * on it waits for room in the window. A lost connection sets the cursor back to the watermark.
 *
 * Where the lines go may change: nothing more is handed over, until the old way has confirmed what it was given; then
 * the new one goes on between two lines. One that does not confirm in time is left, and its lines are sent again.
 */
import type { Account } from './core/account.ts';
import type { OutputState, OutputStatus } from './core/status.ts';
import { serverName } from './core/target.ts';
import type { Mark } from './core/journal.ts';
import { Numbering } from './core/numbering.ts';
import type { OutputPlan } from './core/plan.ts';
import type { Cut, DropReason, Gap, Tally, TransportListener } from './core/types.ts';
import { Gaps } from './gaps.ts';
import type { Intake } from './intake.ts';
import { OutputLosses } from './output-losses.ts';
import { Pipeline, type PipelineContext } from './pipeline.ts';
import type { HeldBytes } from './stages/reassemble.ts';
import { isSameWay, type Way } from './way.ts';

/** How long a way that is to be left may take to confirm what it was given. */
const LEAVE_MS = 5000;

export interface DeliverySettings {
  readonly account: Account;
  /** Those whose records were not confirmed when the process before this one ended. */
  readonly gaps: readonly (Gap | Cut)[];
  /** To be kept for the next process. */
  readonly saveGaps: (gaps: readonly (Gap | Cut)[]) => void;
  readonly held: HeldBytes;
}

export interface DeliveryListener {
  /** The watermark has moved. */
  advanced(delivery: Delivery): void;
  /** Something may be confirmed that somebody waits for. */
  settle(): void;
}

export class Delivery implements TransportListener {
  readonly account: Account;
  readonly losses: OutputLosses;
  readonly #intake: Intake;
  readonly #listener: DeliveryListener;
  readonly #context: PipelineContext;
  readonly #gaps: Gaps;
  #pipeline: Pipeline;
  #watermark: number;
  /** Messages before the watermark. */
  #sequence: number;
  /** What the present way is left for. */
  #next: Way | undefined;
  /** Offset behind the last line for this output. */
  #end = Number.POSITIVE_INFINITY;
  #leaveTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Begins at `from`. */
  constructor(intake: Intake, way: Way, { account, gaps, saveGaps, held }: DeliverySettings, from: Mark, listener: DeliveryListener) {
    this.#intake = intake;
    this.#listener = listener;
    this.account = account;
    const { head, epoch } = intake.journal;
    // No message comes of less than a byte.
    const numbering = new Numbering(epoch, from.sequence, { offset: head, sequence: from.sequence + head - from.offset + gaps.length });
    this.#gaps = new Gaps({ kept: gaps, from, head, numbering, save: saveGaps, saveConfirmed: () => intake.journal.save(), due: () => this.pump() });
    this.losses = new OutputLosses(account, intake, this.#gaps);
    this.#context = { intake, account, gaps: this.#gaps, numbering, held };
    this.#watermark = from.offset;
    this.#sequence = from.sequence;
    this.#pipeline = new Pipeline(way, this.#context, this);
    this.rewind();
  }

  get name(): string {
    return this.#pipeline.way.plan.name;
  }

  get plan(): OutputPlan {
    return (this.#next ?? this.#pipeline.way).plan;
  }

  /** Everything before it is confirmed or given up. */
  get watermark(): number {
    return this.#watermark;
  }

  get sequence(): number {
    return this.#sequence;
  }

  get cursor(): number {
    return this.#pipeline.cursor;
  }

  /** Where the first line begins that was not handed over completely: no line is cut there. */
  get boundary(): number {
    return Math.max(this.#pipeline.committed, this.#watermark);
  }

  /** Behind the last frame that was decoded. */
  get position(): number {
    return this.#pipeline.position;
  }

  get isReady(): boolean {
    return this.#pipeline.transport.isReady;
  }

  /** A confirmation is not to be expected soon. */
  get isAway(): boolean {
    return this.#pipeline.transport.isAway;
  }

  get isParked(): boolean {
    return this.#pipeline.way.isParked && this.#next === undefined;
  }

  /** Its output is not in the configuration any more. */
  get isLeaving(): boolean {
    return this.#end !== Number.POSITIVE_INFINITY;
  }

  /** Offset behind the last line for it; Infinity, unless it is leaving. */
  get end(): number {
    return this.#end;
  }

  /** Nothing is left to tell NATS, or nobody to tell it to. */
  get isDelivered(): boolean {
    return this.#watermark >= this.#head && (this.#gaps.isEmpty || this.#pipeline.transport.hasGivenUp);
  }

  /** Only the beginning of a line is left, for the next process, and perhaps records that are not permitted. */
  get isLeftWhole(): boolean {
    const { cursor, committed } = this.#pipeline;
    return this.#intake.hasSequel && cursor >= this.#head && this.#watermark >= committed && this.#gaps.areQuiet;
  }

  /** Nothing is left to be waited for now. */
  get isQuiet(): boolean {
    return this.isDelivered || this.isLeftWhole || (this.#watermark >= this.#head && this.#gaps.areQuiet);
  }

  status(): OutputStatus {
    const { name, subject, transport, format, target } = this.plan;
    return {
      name, subject, transport, format, servers: target.servers.map(serverName), state: this.#state,
      unconfirmed_bytes: this.#head - this.#watermark, counts: this.account.counts(),
    };
  }

  get #state(): OutputState {
    const { hasGivenUp, isReady, isAway } = this.#pipeline.transport;
    if (this.isParked) return 'parked';
    if (hasGivenUp) return 'gave-up';
    if (isReady) return 'ready';
    return isAway ? 'away' : 'waiting';
  }

  ready(): void {
    this.pump();
  }

  confirmed(watermark: number, tally: Tally, refused: boolean): void {
    this.account.confirmed(tally, refused);
    this.#sequence += tally.messages;
    if (tally.messages > 0) this.losses.answered(this.#watermark, watermark, tally, refused, this.#sequence);
    this.#advance(watermark);
    const isDue = !refused && tally.messages > 0 && (this.#gaps.confirmed(this.#sequence) || tally.lostLetters > 0);
    if (this.#next !== undefined) this.#leave();
    else if (isDue) this.pump();
    this.#listener.settle();
  }

  lost(): void {
    this.rewind();
    this.pump();
  }

  gaveUp(): void {
    this.lost();
  }

  /** Publishes what waits, as far as there is room. */
  pump(): void {
    if (this.#isClosed) return;
    if (this.#next !== undefined && !this.#leave()) return;
    const pipeline = this.#pipeline;
    const { transport } = pipeline;
    while (transport.isReady && pipeline.cursor < this.#head && pipeline.publishRun(this.#head)) continue;
    if (transport.isReady) pipeline.publishGaps();
    if (transport.hasGivenUp) this.dropAll('gave-up');
    // No line will go on, and none in the next process.
    const isLast = this.isLeaving || (this.#intake.isStopping && !this.#intake.hasSequel);
    if (!transport.isReady) transport.wait();
    else if (isLast && pipeline.cursor >= this.#head) pipeline.finish();
    if (isLast) this.#gaps.last();
    this.#listener.settle();
  }

  /** Somebody waits for the last confirmation. */
  hurry(): void {
    this.#pipeline.transport.hurry?.();
  }

  /** The lines go another way from now on; or on the present one, as long as it is the same. */
  change(way: Way): void {
    this.#end = Number.POSITIVE_INFINITY;
    const isSame = isSameWay(way, this.#pipeline.way);
    clearTimeout(this.#leaveTimer);
    this.#next = isSame ? undefined : way;
    this.#pipeline.isLeft = !isSame;
    if (!isSame) this.#leaveTimer = setTimeout(() => this.#switch(), LEAVE_MS);
    this.pump();
  }

  /** Its output is no more: what lies before `end` is still delivered. `tooLate` says that this takes too long. */
  remove(end: number, tooLate: () => void): void {
    this.#next = undefined;
    this.#pipeline.isLeft = false;
    clearTimeout(this.#leaveTimer);
    this.#end = Math.max(end, this.boundary);
    this.#leaveTimer = setTimeout(tooLate, LEAVE_MS);
    this.pump();
  }

  /** What begins at its position was given up: goes on at `to`. */
  skip(to: number): void {
    const isNothingUnderWay = this.#watermark === this.position;
    this.#pipeline.jump(to);
    if (isNothingUnderWay) this.#advance(to);
    else this.#pipeline.commit();
  }

  /** Nothing may be on its way. */
  dropAll(reason: DropReason): void {
    const from = this.position;
    const to = this.losses.giveUp(from, this.#end, reason);
    if (to > from) this.skip(to);
    if ((!this.#intake.isComplete || this.#intake.hasSequel) && !this.isLeaving) return;
    this.losses.giveUpRest(this.position, this.#end);
    this.#advance(this.#head);
  }

  /** What was handed over and not confirmed will be read again. */
  rewind(): void {
    this.#pipeline.rewind(this.#watermark, this.#sequence);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#leaveTimer);
    this.#gaps.close();
    this.#pipeline.close();
  }

  /** Offset behind the last byte that is for this output. */
  get #head(): number {
    return Math.min(this.#intake.journal.head, this.#end);
  }

  /** Goes over to the next way, if nothing is on the present one. */
  #leave(): boolean {
    const { committed, transport } = this.#pipeline;
    const isUnderWay = this.#watermark < committed || this.#gaps.areUnderWay;
    if (isUnderWay && !transport.isAway && !transport.hasGivenUp) {
      this.hurry();
      return false;
    }
    this.#switch();
    return true;
  }

  #switch(): void {
    if (this.#next === undefined) return;
    clearTimeout(this.#leaveTimer);
    this.#pipeline.close();
    this.account.moveTo(this.#next.books);
    this.#pipeline = new Pipeline(this.#next, this.#context, this);
    this.#next = undefined;
    this.rewind();
    this.pump();
  }

  /** What was given up meanwhile may have moved it further. */
  #advance(watermark: number): void {
    this.#watermark = Math.max(this.#watermark, watermark);
    this.#listener.advanced(this);
  }
}
