/** Stands in the publisher's place for lines that are given up, so that each of them is counted. */
import type { EntrySink, LogEntry, Moment, Source } from '../core/types.ts';
import { goesOn } from './reassemble.ts';

export class LineCounter implements EntrySink {
  lines = 0;
  /** Of their text. */
  bytes = 0;
  /** When the first and the last of them were written. */
  from: Moment | undefined;
  to: Moment | undefined;
  /** Where the latest line begins that began while no other was open, and how many lines and bytes came before it. */
  boundary = 0;
  linesBefore = 0;
  bytesBefore = 0;
  /** Sources whose last piece goes on in the next one. */
  readonly #open = new Set<Source>();
  /** What comes next may be the rest of a line that is counted already. */
  #isRest: boolean;
  #hasBegun = false;

  constructor(isRest = false) {
    this.#isRest = isRest;
  }

  /** A line has begun and not ended. */
  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  /** A line that the engine split counts once. */
  write(entry: LogEntry): void {
    const { seconds, nanos, partial } = entry;
    // It will be counted when it ends.
    if (this.#isRest && partial !== undefined && partial.ordinal > 1) this.lines--;
    this.#isRest = false;
    this.#hasBegun = true;
    this.to = { seconds, nanos };
    this.from ??= this.to;
    if (!this.isOpen) {
      this.boundary = entry.offset;
      this.linesBefore = this.lines;
      this.bytesBefore = this.bytes;
    }
    this.bytes += entry.end - entry.start;
    if (goesOn(entry)) {
      this.#open.add(entry.source);
      return;
    }
    this.#open.delete(entry.source);
    this.lines++;
  }

  /** Begins to count anew; a line that goes on counts when it ends. */
  clear(): void {
    this.lines = 0;
    this.bytes = 0;
    this.from = undefined;
  }

  /** What follows is not the beginning of a frame: the line whose frame that was is lost. */
  cut(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#isRest = true;
    this.lines++;
  }

  /** Lines that have begun and are not counted yet. `isCut`: a frame has begun. */
  unfinished(isCut: boolean): number {
    return isCut ? Math.max(1, this.#open.size) : this.#open.size;
  }

  /** A line whose end is not among what was given up has lost its beginning. */
  end(): void {
    this.lines += this.#open.size;
    this.#open.clear();
  }
}
