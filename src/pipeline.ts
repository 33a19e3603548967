/**
 * One way of an output, opened: the journal's bytes go in, and come out as messages of its transport. Keeps the offset up to
 * which it has read, the cursor, and the one up to which it has handed over whole lines.
 */
import type { Account } from './core/account.ts';
import type { Transport, TransportListener } from './core/types.ts';
import { FrameDecoder } from './docker/frame-decoder.ts';
import type { Gaps } from './gaps.ts';
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

  constructor(way: Way, { intake, account, gaps, held }: PipelineContext, listener: TransportListener) {
    this.way = way;
    this.#intake = intake;
    this.#account = account;
    this.#gaps = gaps;
    this.transport = way.openTransport(listener, intake.journal.epoch);
    this.#publisher = new Publisher(this.transport, way.formatter, way.plan.oversize);
    this.#reassembler = new Reassembler(this.#publisher, held);
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
    if (run !== undefined) {
      this.#decoder.push(run.bytes);
      this.#cursor += run.bytes.length;
      this.#decoded += run.bytes.length;
    }
    this.commit();
    return true;
  }

  /** Publishes the records that are due at the cursor. */
  publishGaps(): void {
    if (this.#writeGaps()) this.commit();
  }

  /** Goes on at `offset`: what lay between is missing, so a held line has lost its end. */
  jump(offset: number): void {
    this.#reassembler.release();
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

  /** The records of what was given up before the cursor; whether there were any. */
  #writeGaps(): boolean {
    let gap = this.#gaps.take(this.#cursor);
    const isAny = gap !== undefined;
    // A record stands behind the line that lost its end.
    if (isAny) this.#reassembler.release();
    for (; gap !== undefined; gap = this.#gaps.take(this.#cursor)) this.#publisher.writeGap(gap);
    return isAny;
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
    if (this.transport.isReady && !this.isLeft) this.#reassembler.release();
    this.commit();
  }
}
