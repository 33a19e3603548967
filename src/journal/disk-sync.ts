/** Makes what one journal has written safe from a power failure, in steps. */
import type { DiskBudget } from './disk-budget.ts';
import type { Ledger } from './disk-ledger.ts';
import { systemCode, type SyncTarget } from './file-system.ts';
import { isMemory, type Segment, type SegmentFolder } from './segment.ts';

export interface DiskSyncSettings {
  readonly budget: DiskBudget;
  readonly folder: SegmentFolder;
  readonly ledger: Ledger;
  readonly segments: readonly Segment[];
}

export class DiskSync {
  readonly #settings: DiskSyncSettings;
  #isEnded = false;

  constructor(settings: DiskSyncSettings) {
    this.#settings = settings;
  }

  /** A power failure would take nothing. */
  get isDone(): boolean {
    const { folder, ledger, segments } = this.#settings;
    return folder.isSafe && segments.every((segment) => segment.isSynced || ledger.isOver(segment));
  }

  /** `reclaim` is called when the saved watermark is safe, and files before it may go. */
  *later(reclaim: () => void): Generator<SyncTarget, void> {
    const { budget, folder, ledger } = this.#settings;
    try {
      yield* ledger.makeSafe();
      if (this.#isEnded) return;
      reclaim();
      for (const segment of this.#unsynced()) {
        const { end } = segment;
        yield { path: folder.file(segment.base), isFolder: false };
        if (segment.end === end) segment.isSynced = true;
      }
      yield* folder.makeSafe();
      if (!this.#isEnded) budget.healed(this);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      // What is not there any more was not needed; the next round finds the rest.
      if (!this.#isEnded && systemCode(error) !== 'ENOENT') budget.failed(this, error as Error);
    }
  }

  end(): void {
    this.#isEnded = true;
    this.#settings.budget.healed(this);
  }

  #unsynced(): readonly Segment[] {
    const { segments, ledger } = this.#settings;
    return segments.filter((segment) => !segment.isSynced && !isMemory(segment) && !ledger.isOver(segment));
  }
}
