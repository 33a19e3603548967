/** Stands in the publisher's place for lines that are given up, so that each of them is counted. */
import type { EntrySink, LogEntry, Source } from '../core/types.ts';
import { goesOn } from './reassemble.ts';

export class LineCounter implements EntrySink {
  lines = 0;
  /** Where the latest line begins that began while no other was open, and how many lines came before it. */
  boundary = 0;
  linesBefore = 0;
  /** Sources whose last piece goes on in the next one. */
  readonly #open = new Set<Source>();

  /** A line has begun and not ended. */
  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  /** A line that the engine split counts once. */
  write(entry: LogEntry): void {
    if (!this.isOpen) {
      this.boundary = entry.offset;
      this.linesBefore = this.lines;
    }
    if (goesOn(entry)) {
      this.#open.add(entry.source);
      return;
    }
    this.#open.delete(entry.source);
    this.lines++;
  }

  /** A line whose end is not among what was given up has lost its beginning. */
  end(): void {
    this.lines += this.#open.size;
    this.#open.clear();
  }
}
