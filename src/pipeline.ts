/**
 * One way of an output, opened: the journal's bytes go in, and come out as messages of its transport. Keeps the offset up to
 * which it has read, the cursor, and the one up to which it has handed over whole lines.
 */
import type { Account } from './core/account.ts';
import type { JournalRun } from './core/journal.ts';
import type { Numbering } from './core/numbering.ts';
import type { Transport, TransportListener } from './core/types.ts';
import { FrameDecoder } from './docker/frame-decoder.ts';
import { isGap, type Gaps } from './gaps.ts';
import type { Intake } from './intake.ts';
import { cutRun } from './seams.ts';
import { Publisher } from './stages/publish.ts';
import { Reassembler, type HeldBytes } from './stages/reassemble.ts';
import type { Way } from './way.ts';

/** How long a line that the engine split may wait for its end. Everything behind it stays unconfirmed as long. */
const HELD_LINE_MS = 5000;

/** What stays the same when the way changes. */
export interface PipelineContext {
  readonly intake: Intake;
  readonly account: Account;
  readonly gaps: Gaps;
  readonly numbering: Numbering;
  readonly held: HeldBytes;
}

export class Pipeline {
  readonly way: Way;
  readonly transport: Transport;
  /** Another one is about to take over: no line is cut any more. */
  isLeft = false;
  readonly #intake: Intake;
  readonly #account: Account;
  readonly #gaps: Gaps;
  readonly #publisher: Publisher;
  readonly #reassembler: Reassembler;
  readonly #decoder: FrameDecoder;
  #cursor = 0;
  #committed = 0;
  /** Bytes that were decoded since the last commit. */
  #decoded = 0;
  /** Where the line begins that the timer is for. */
  #heldFrom = Number.POSITIVE_INFINITY;
  #heldTimer: NodeJS.Timeout | undefined;

  constructor(way: Way, { intake, account, gaps, numbering, held }: PipelineContext, listener: TransportListener) {
    this.way = way;
    this.#intake = intake;
    this.#account = account;
    this.#gaps = gaps;
    this.transport = way.openTransport(listener, intake.journal.epoch);
    this.#publisher = new Publisher(this.transport, way.formatter, way.plan.oversize, numbering);
    this.#reassembler = new Reassembler(this.#publisher, held, (offset) => this.#cut(offset));
    this.#decoder = new FrameDecoder(this.#reassembler, (bytes, places) => this.#publisher.skipped(bytes, places));
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Offset behind the last line that was handed over. */
  get committed(): number {
    return this.#committed;
  }

  /** Behind the last frame that was decoded. */
  get position(): number {
    return this.#decoder.position;
  }

  /** Publishes one run of what lies between the cursor and `head`. False when the journal cannot be read now. */
  publishRun(head: number): boolean {
    const run = cutRun(this.#intake.readRun(this.#cursor, this.#decoder), head);
    if (run === 'later') return false;
    const offset = run?.offset ?? head;
    if (offset !== this.#cursor) this.jump(offset);
    this.#writeGaps();
    if (run !== undefined) this.#push(run);
    this.commit();
    return true;
  }

  /** Publishes the records that are due at the cursor. */
  publishGaps(): void {
    if (this.#writeGaps()) this.commit();
  }

  /** Goes on at `offset`: what lay between is missing, so a held line has lost its end. */
  jump(offset: number): void {
    this.#release(offset);
    this.#intake.seams.align(this.#decoder, this.#cursor, offset);
    this.#cursor = offset;
  }

  commit(): void {
    this.#committed = Math.min(this.#decoder.position, this.#reassembler.heldFrom);
    this.#account.sent(this.#publisher.commit(this.#committed, this.#decoded, this.#decoder.newest));
    this.#decoded = 0;
    this.#watchHeld(this.#reassembler.heldFrom);
  }

  /** No line will go on: writes what is held. An unfinished frame is skipped once the FIFO is closed. */
  finish(): void {
    if (this.#intake.isComplete) this.#decoder.end();
    else this.#reassembler.end();
    if (this.#committed < this.#decoder.position) this.commit();
  }

  /** What lies behind `watermark`, and so behind the first `sequence` messages, will be read again. */
  rewind(watermark: number, sequence: number): void {
    this.#account.rewound();
    this.#cursor = watermark;
    this.#committed = watermark;
    this.#decoded = 0;
    this.#gaps.rewind();
    this.#decoder.seek(watermark);
    this.#reassembler.reset();
    this.#publisher.reset(sequence);
    this.#watchHeld(Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.#watchHeld(Number.POSITIVE_INFINITY);
    this.#reassembler.reset();
    this.transport.close();
  }

  /** No further than to the place of the next record: it stands there, however the bytes come. */
  #push(run: JournalRun): void {
    const most = this.#gaps.next - this.#cursor;
    const bytes = most < run.bytes.length ? run.bytes.subarray(0, most) : run.bytes;
    this.#decoder.push(bytes);
    this.#cursor += bytes.length;
    this.#decoded += bytes.length;
  }

  /** The records of what was given up before the cursor; whether there were any. */
  #writeGaps(offset = this.#cursor): boolean {
    if (this.#gaps.next > offset) return false;
    // A record stands behind the line that lost its end.
    this.#release(offset);
    for (let gap = this.#gaps.take(offset); gap !== undefined; gap = this.#gaps.take(offset)) {
      this.#publisher.goOn(gap.told);
      if (isGap(gap)) this.#publisher.writeGap(gap);
    }
    return true;
  }

  /** What is held loses its end here, if it was not sent otherwise before. */
  #release(offset: number): void {
    if (this.#gaps.next <= offset) this.#publisher.goOn(this.#gaps.begin());
    this.#reassembler.release();
  }

  /** What is held is published without its end, now and whenever it is sent again. */
  #cut(offset: number): void {
    this.#gaps.cut(offset);
    this.#writeGaps(offset);
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
    if (this.transport.isReady && !this.isLeft) this.#cut(this.#decoder.position);
    this.commit();
  }
}
