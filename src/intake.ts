/**
 * What comes in: takes a session's bytes from its FIFO into its journal as they come, and gives them out to those who decode
 * them. Never waits for NATS.
 */
import type { Journal, JournalOwner, JournalRun } from './core/journal.ts';
import type { OverflowPlan } from './core/plan.ts';
import type { FrameDecoder } from './docker/frame-decoder.ts';
import type { Loss } from './losses.ts';
import { Overflow, type OpenFifo } from './overflow.ts';
import { Seams } from './seams.ts';
import { Tail, type TailListener } from './tail.ts';

/** The engine closes its end right after StopLogging was answered; if it never does, the session ends all the same. */
const CLOSE_AFTER_STOP_MS = 5000;
/** What the engine may still have for a stopping container: its FIFO, and 1 MB per source which swells when framed. */
const DRAIN_BYTES = 64 * 1024 * 1024;
/** Twice the engine's largest frame, and more: wherever it begins, a whole frame is found there. */
const FOLLOWED_BYTES = 64 * 1024;

export interface IntakeSettings {
  /** Calls `readable` when there are bytes, or none will follow; undefined: the FIFO is gone, and only what the journal kept is to be delivered. */
  readonly openFifo: ((readable: () => void) => OpenFifo) | undefined;
  readonly openJournal: (owner: JournalOwner) => Journal;
  readonly overflow: OverflowPlan;
  /** Those that were known when the process before this one ended. */
  readonly seams: readonly number[];
  /** To be kept for the next process. */
  readonly saveSeams: (seams: readonly number[]) => void;
}

export interface IntakeListener extends JournalOwner {
  /** Bytes have come. */
  took(bytes: number): void;
  /** Lines are not kept, see OverflowListener. */
  dropping(): void;
  dropped(loss: Loss): void;
  settled(): void;
  /** The FIFO will bring no more. */
  completed(): void;
}

export class Intake {
  readonly journal: Journal;
  readonly seams: Seams;
  readonly #fifo: OpenFifo | undefined;
  readonly #overflow: Overflow;
  readonly #listener: IntakeListener;
  /** Of those who look on. */
  readonly #tails = new Set<Tail>();
  #isStopping = false;
  #isComplete = false;
  #isSuspended = false;
  #closeTimer: NodeJS.Timeout | undefined;

  /** Opens the FIFO; throws an Error for the user when that fails. Whatever fails, nothing stays open. Reads nothing yet. */
  constructor({ openFifo, openJournal, overflow, seams, saveSeams }: IntakeSettings, listener: IntakeListener) {
    this.#listener = listener;
    using opened = new DisposableStack();
    this.#fifo = openFifo?.(() => this.#read(this.#isStopping));
    opened.defer(() => this.#fifo?.close());
    this.journal = openJournal(listener);
    this.seams = new Seams(seams, this.journal.head, saveSeams);
    this.#overflow = new Overflow(overflow, this.journal, {
      dropping: () => {
        this.seams.expect(this.journal.head);
        listener.dropping();
      },
      began: (decoder) => {
        const isKnown = this.#follow(decoder);
        this.seams.add(this.journal.head);
        return isKnown;
      },
      dropped: (loss) => listener.dropped(loss),
      settled: () => {
        this.seams.expectNothing(this.journal.head);
        listener.settled();
      },
    });
    opened.move();
  }

  /** There is no FIFO. */
  get isClosed(): boolean {
    return this.#fifo === undefined;
  }

  /** The engine has written its last line; it may not have closed its end yet. No line will go on, and none is to be waited for. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** The FIFO will bring no more. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The process ends before the container does. */
  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** The next process goes on with what the journal keeps: a line that is not whole has its rest in the FIFO. */
  get hasSequel(): boolean {
    return this.#isSuspended && this.journal.volatileBytes === 0;
  }

  /** What happens when the journal has no room, from now on. */
  set overflow(plan: OverflowPlan) {
    this.#overflow.change(plan);
  }

  /** What is to be decoded next; ends at a seam. The decoder is where it begins. See `Journal.read`. */
  readRun(at: number, decoder: FrameDecoder): JournalRun | 'later' | undefined {
    const run = this.journal.read(at);
    if (typeof run !== 'object') return run;
    this.seams.align(decoder, at, run.offset);
    return this.seams.cut(run);
  }

  /** All that the engine wrote before it asked is in the FIFO. */
  drain(): void {
    for (let total = 0, taken = -1; taken !== 0 && total < DRAIN_BYTES; total += taken) taken = this.#read(true);
  }

  /** The engine has written its last line: reads until it closes its end. */
  stop(): void {
    this.#isStopping = true;
    this.#closeTimer ??= setTimeout(() => this.complete(), CLOSE_AFTER_STOP_MS);
  }

  /** The process ends: a container that has not ended yet goes on in the next one. */
  suspend(): void {
    this.#isSuspended = !this.#isStopping;
  }

  /** Reads no more. */
  complete(): void {
    if (this.#isComplete) return;
    this.#isStopping = true;
    this.#isComplete = true;
    clearTimeout(this.#closeTimer);
    this.#overflow.close();
    this.#fifo?.close();
    this.#listener.completed();
  }

  /** Shows the lines that come from now on. Returns what ends it. */
  tail(listener: TailListener): () => void {
    const tail = new Tail(this.journal.head, listener);
    this.#tails.add(tail);
    return () => this.#tails.delete(tail);
  }

  /** Nothing is left that anybody needs. */
  remove(): void {
    this.journal.remove();
    for (const tail of this.#tails) tail.end();
  }

  /** What is left is for the next process. Resolves when the journal has made it safe. */
  close(): Promise<void> {
    const closed = this.journal.close();
    for (const tail of this.#tails) tail.end();
    return closed;
  }

  /** It never began. */
  [Symbol.dispose](): void {
    void this.journal.close();
    this.#fifo?.close();
  }

  /** Takes the decoder to the journal's head. False: what is before it cannot be read now. */
  #follow(decoder: FrameDecoder): boolean {
    const { head } = this.journal;
    let at = Math.max(0, head - FOLLOWED_BYTES);
    if (at > 0) decoder.resume(at);
    while (at < head) {
      const run = this.readRun(at, decoder);
      if (run === 'later') return false;
      if (run === undefined) break;
      decoder.push(run.bytes);
      at = run.offset + run.bytes.length;
    }
    this.seams.align(decoder, at, head);
    return true;
  }

  /** Takes what the FIFO has, or a part of it; returns how many bytes. `isUrgent`: this must not wait for room. */
  #read(isUrgent: boolean): number {
    if (this.#fifo === undefined || this.#isComplete) return 0;
    const taken = this.#overflow.take(this.#fifo, isUrgent);
    if (taken === 'ended') this.complete();
    if (typeof taken !== 'number') return 0;
    for (const tail of this.#tails) tail.follow(this.journal);
    this.#listener.took(taken);
    return taken;
  }
}
