/** Lets go of the segments of one journal that nobody needs any more. */
import type { DiskBudget } from './disk-budget.ts';
import type { Ledger } from './disk-ledger.ts';
import { isMemory, type Segment } from './segment.ts';
import type { SegmentTail } from './segment-tail.ts';
import type { SegmentWriter } from './segment-writer.ts';

export interface ReclaimerSettings {
  readonly budget: DiskBudget;
  readonly ledger: Ledger;
  readonly writer: SegmentWriter;
  readonly tail: SegmentTail;
  /** Shared with the journal. */
  readonly segments: Segment[];
}

export class Reclaimer {
  readonly #settings: ReclaimerSettings;

  constructor(settings: ReclaimerSettings) {
    this.#settings = settings;
  }

  /**
   * The file at the end stays while it has no more than `keepBytes`. `isSafe`: only files of which a power failure would
   * change nothing; else the watermark is made as safe as the journal wants it, now.
   */
  reclaim(keepBytes: number, isSafe = false): void {
    const { ledger, writer, segments } = this.#settings;
    let isSaved: boolean | undefined = isSafe || undefined;
    for (let i = 0; i < segments.length;) {
      const segment = segments[i] as Segment;
      const isOver = isSafe && !isMemory(segment) ? ledger.isSafelyOver(segment) : ledger.isOver(segment);
      if (!isOver || (segment === writer.current && segment.end - segment.base <= keepBytes)) {
        i++;
        continue;
      }
      if (!isMemory(segment)) isSaved ??= ledger.saveForGood();
      // The last file may be the only other witness of the offsets that were used.
      if (isSaved === false && i === segments.length - 1) return;
      segments.splice(i, 1);
      this.#remove(segment);
    }
  }

  /** The journal ends: what lies in files stays there. */
  giveAllBack(): void {
    const { budget, segments } = this.#settings;
    for (const { base, end, memory } of segments) {
      if (memory === undefined) budget.used -= end - base;
      else budget.memory.give(memory);
    }
    segments.length = 0;
  }

  #remove(segment: Segment): void {
    const { budget, writer, tail } = this.#settings;
    tail.used -= segment.end - segment.base;
    if (isMemory(segment)) budget.memory.give(segment.memory);
    else writer.remove(segment);
  }
}
