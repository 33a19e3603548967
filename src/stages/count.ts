/** Stands in the publisher's place for lines that are given up, so that each of them is counted. */
import type { EntrySink } from '../core/types.ts';

export class LineCounter implements EntrySink {
  lines = 0;

  write(): void {
    this.lines++;
  }

  end(): void {
    // Nothing is held here.
  }
}
