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
export interface OpenFifo extends ByteSource {
  pause(): void;
  resume(): void;
  close(): void;
}

export interface OverflowListener {
  /** Bytes are about to be taken that nobody keeps: the next process must know it, if this one does not come to `settled`. Told of each read. */
  dropping(): void;
  /**
   * Some were: what is kept behind them does not follow what the journal has. Takes the decoder through the latest of that, so that it goes on with what was not kept.
   * False: that cannot be read now.
   */
  began(decoder: FrameDecoder): boolean;
  /** These were not kept; they stood at the journal's head. */
  dropped(loss: Loss): void;
  /** No more than what was told. */
  settled(): void;
}

export class Overflow {
  #plan: OverflowPlan;
  readonly #journal: Journal;
  readonly #listener: OverflowListener;
  /** Counts what is dropped, while the newest lines are. */
  #dropper: FrameDecoder | undefined;
  #counter = new LineCounter();
  /** Of the lines that were told of, those that the dropper has seen the beginning of. */
  #unfinished = 0;
  #hasDropped = false;
  /** Until `settled`. */
  #isDropping = false;
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
  take(fifo: OpenFifo, isUrgent: boolean): number | 'empty' | 'ended' {
    if (this.#plan.policy === 'drop-oldest' || !this.#journal.isFull) return this.#keep(fifo);
    if (this.#plan.policy === 'drop-newest') return this.#drop(fifo);
    if (isUrgent || this.#hasWaited || this.#plan.blockMs === 0) return this.#journal.take(fifo);
    this.#wait(fifo);
    return 'empty';
  }

  close(): void {
    this.#endWait();
    this.#settle();
  }

  #keep(fifo: OpenFifo): number | 'empty' | 'ended' {
    this.#hasWaited = false;
    this.#settle();
    const taken = this.#journal.take(fifo);
    // What is dropped next does not follow what was dropped before.
    if (typeof taken === 'number') this.#dropper = undefined;
    return taken;
  }

  #drop(fifo: OpenFifo): number | 'empty' | 'ended' {
    this.#isDropping = true;
    this.#listener.dropping();
    const size = fifo.read(scratch);
    if (typeof size !== 'number') {
      this.#settle();
      return size;
    }
    this.#dropper ??= this.#newDropper();
    this.#dropper.push(scratch.subarray(0, size));
    this.#tell();
    return size;
  }

  #settle(): void {
    if (!this.#isDropping) return;
    this.#isDropping = false;
    this.#listener.settled();
  }

  /** A line counts as soon as its first byte is lost: nobody knows what becomes of the process. */
  #tell(): void {
    const counter = this.#counter;
    const unfinished = counter.unfinished(this.#dropper?.isWithin === true);
    const lines = Math.max(0, counter.lines + unfinished - this.#unfinished);
    this.#unfinished = unfinished;
    this.#listener.dropped(lossOf(counter, this.#journal.head, lines, counter.bytes));
    counter.clear();
  }

  /**
   * The first of its bytes may be the rest of a frame whose beginning was kept: that line is lost, too. Where no whole frame was kept since this process has dropped
   * others, what is none is the rest of a line that is counted; of one that begins behind that, up to eight bytes are not known for what they are.
   */
  #newDropper(): FrameDecoder {
    this.#counter = new LineCounter();
    let mayCut = false;
    const decoder = new FrameDecoder({ write: (entry) => this.#counter.write(entry), end: () => undefined }, () => {
      if (mayCut) this.#counter.cut();
    });
    const isKnown = this.#listener.began(decoder);
    if (!isKnown) decoder.resume(0);
    mayCut = decoder.isSearching && !(isKnown && this.#hasDropped);
    this.#hasDropped = true;
    this.#counter = new LineCounter();
    this.#unfinished = 0;
    return decoder;
  }

  #wait(fifo: OpenFifo): void {
    if (this.#timer !== undefined) return;
    fifo.pause();
    const until = performance.now() + this.#plan.blockMs;
    this.#timer = setInterval(() => {
      this.#hasWaited = performance.now() >= until;
      if (!this.#hasWaited && this.#journal.isFull) return;
      this.#endWait();
      fifo.resume();
    }, LOOK_MS);
  }

  #endWait(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
