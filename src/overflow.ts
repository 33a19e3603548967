/** `nats-overflow`: what happens to a session's output when its journal has no room. */
import type { ByteSource, Journal } from './core/journal.ts';
import type { OverflowPlan } from './core/plan.ts';
import { FrameDecoder } from './docker/frame-decoder.ts';
import { lossOf, type Loss } from './losses.ts';
import { LineCounter } from './stages/count.ts';

/** How often a FIFO that waits looks for room. */
const LOOK_MS = 50;
/** For bytes that nobody keeps. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** A FIFO that can be left unread for a while. */
export interface Pausable extends ByteSource {
  pause(): void;
  resume(): void;
}

export interface OverflowListener {
  /** Lines were not kept; they stood at the journal's head. */
  dropped(loss: Loss): void;
  /** Frames that are kept begin anew at the journal's head. */
  seam(): void;
}

export class Overflow {
  #plan: OverflowPlan;
  readonly #journal: Journal;
  readonly #listener: OverflowListener;
  /** Counts what is dropped, while the newest lines are. */
  #dropper: FrameDecoder | undefined;
  #counter = new LineCounter();
  /** Bytes that the dropper was given. */
  #dropperBytes = 0;
  /** While a FIFO is left unread. */
  #timer: NodeJS.Timeout | undefined;
  /** The FIFO has been left unread as long as it may be; until there is room again. */
  #hasWaited = false;

  constructor(plan: OverflowPlan, journal: Journal, listener: OverflowListener) {
    this.#plan = plan;
    this.#journal = journal;
    this.#listener = listener;
    this.change(plan);
  }

  /** What is over a smaller limit is given up when the next lines come. */
  change(plan: OverflowPlan): void {
    this.#plan = plan;
    this.#journal.limit = plan.limit ?? Number.POSITIVE_INFINITY;
  }

  /** Takes what the FIFO has, as the policy will have it. `isUrgent`: the container is about to end, and must not wait. */
  take(fifo: Pausable, isUrgent: boolean): number | 'empty' | 'ended' {
    if (this.#plan.policy === 'drop-oldest' || !this.#journal.isFull) return this.#keep(fifo);
    if (this.#plan.policy === 'drop-newest') return this.#drop(fifo);
    if (isUrgent || this.#hasWaited || this.#plan.blockMs === 0) return this.#journal.take(fifo);
    this.#wait(fifo);
    return 'empty';
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #keep(fifo: Pausable): number | 'empty' | 'ended' {
    this.#hasWaited = false;
    if (this.#dropper !== undefined) this.#endDropping(this.#dropper);
    return this.#journal.take(fifo);
  }

  #drop(fifo: Pausable): number | 'empty' | 'ended' {
    const size = fifo.read(scratch);
    if (typeof size !== 'number') return size;
    this.#dropper ??= this.#newDropper();
    this.#dropper.push(scratch.subarray(0, size));
    this.#dropperBytes += size;
    this.#tell();
    return size;
  }

  #tell(): void {
    const { lines, bytes } = this.#counter;
    if (lines > 0) this.#listener.dropped(lossOf(this.#counter, this.#journal.head, lines, bytes));
    this.#counter.clear();
  }

  /** The first of its bytes may be the rest of a frame whose beginning was kept: that line is lost, too. */
  #newDropper(): FrameDecoder {
    const counter = new LineCounter();
    let isCut = false;
    const decoder = new FrameDecoder(counter, () => {
      if (!isCut) counter.lines++;
      isCut = true;
    });
    decoder.resume(0);
    this.#counter = counter;
    this.#dropperBytes = 0;
    return decoder;
  }

  /** So is the line whose end will be kept. */
  #endDropping({ position }: FrameDecoder): void {
    if (position < this.#dropperBytes) this.#counter.lines++;
    this.#tell();
    this.#dropper = undefined;
    this.#listener.seam();
  }

  #wait(fifo: Pausable): void {
    if (this.#timer !== undefined) return;
    fifo.pause();
    const until = performance.now() + this.#plan.blockMs;
    this.#timer = setInterval(() => {
      this.#hasWaited = performance.now() >= until;
      if (!this.#hasWaited && this.#journal.isFull) return;
      this.close();
      fifo.resume();
    }, LOOK_MS);
  }
}
