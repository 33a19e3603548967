/** What a journal does by the clock and at its end: tries again, saves what is over, makes safe, gives back. */
import type { DiskBudget } from './disk-budget.ts';
import type { Ledger } from './disk-ledger.ts';
import type { Reclaimer } from './disk-reclaimer.ts';
import { DiskSync } from './disk-sync.ts';
import type { SyncTarget } from './file-system.ts';
import type { SegmentReader } from './segment-reader.ts';
import { isMemory, type Segment, type SegmentFolder } from './segment.ts';
import type { SegmentTail } from './segment-tail.ts';
import type { SegmentWriter } from './segment-writer.ts';
import type { Syncable } from './sync-queue.ts';

/** A file of which everything is confirmed is used on up to this size: making one costs as much as writing 100 KiB. */
export const REUSE_BYTES = 1024 * 1024;
/** Ticks until a quiet session gives its descriptors and its file back: 5 s. */
const IDLE_TICKS = 50;
/** A second between two savings: what was confirmed since is sent again after a kill. In every tick they would cost more than the lines do. */
const SAVE_TICKS = 10;

export interface UpkeepSettings {
  readonly budget: DiskBudget;
  readonly folder: SegmentFolder;
  readonly ledger: Ledger;
  readonly reader: SegmentReader;
  readonly writer: SegmentWriter;
  readonly tail: SegmentTail;
  readonly reclaimer: Reclaimer;
  readonly segments: readonly Segment[];
  /** What was written is to be made safe from a power failure. */
  readonly isSyncing: boolean;
  /** Nothing may be written. */
  readonly isDetached: boolean;
  /** What could not be read before may be read now. */
  readonly readable: () => void;
}

export class Upkeep implements Syncable {
  readonly #settings: UpkeepSettings;
  readonly #sync: DiskSync;
  #idleTicks = 0;
  #ticksSinceSaving = SAVE_TICKS;
  /** Set when nothing more will be written: to be told when all of it is safe. */
  #written: (() => void) | undefined;

  constructor(settings: UpkeepSettings) {
    this.#settings = settings;
    this.#sync = new DiskSync(settings);
  }

  /** A power failure would take nothing. */
  get isSynced(): boolean {
    return this.#sync.isDone;
  }

  /** The journal is used. */
  wake(): void {
    this.#idleTicks = 0;
  }

  /** False when nothing is left to do until the journal is used again. */
  tick(isTimeToSync: boolean): boolean {
    const { budget, ledger, reader, writer, tail, isSyncing, isDetached, readable } = this.#settings;
    writer.tick();
    if (reader.tick()) readable();
    if (!isDetached) tail.spill();
    // A session without a byte has no folder.
    const isDue = ++this.#ticksSinceSaving > SAVE_TICKS || ledger.isFarAhead;
    if (isDue && tail.head > 0 && !ledger.isSaved && (ledger.hasFile || writer.isReady)) {
      this.#ticksSinceSaving = 0;
      ledger.save();
    }
    ledger.saveHoles();
    if (isTimeToSync && isSyncing) budget.syncQueue.add(this);
    return ++this.#idleTicks < IDLE_TICKS || !this.#rest();
  }

  *makeSafe(): Generator<SyncTarget, void> {
    // A round that had begun before knows nothing of what was written last.
    const written = this.#written;
    yield* this.#sync.later(() => this.#settings.reclaimer.reclaim(REUSE_BYTES, true));
    written?.();
  }

  /** Keeps everything for the next process. Resolves when it is as safe as it can be made. */
  close(): Promise<void> {
    const { budget, ledger, tail, isSyncing, isDetached } = this.#settings;
    while (!isDetached && tail.spill()) continue;
    if (tail.head > 0) ledger.save();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#written = () => {
      this.end();
      resolve();
    };
    if (isSyncing) budget.syncQueue.add(this);
    else this.#written();
    return promise;
  }

  /** Lets go of everything; files stay. */
  end(): void {
    const { budget, folder, ledger, reader, writer, tail, reclaimer } = this.#settings;
    this.#sync.end();
    writer.rest();
    ledger.end();
    reclaimer.giveAllBack();
    for (const who of [reader, writer, tail, folder]) budget.healed(who);
  }

  /** Gives back what a quiet session does not need. True when nothing is left to do. */
  #rest(): boolean {
    const { ledger, reader, writer, tail, reclaimer, segments, isSyncing, isDetached } = this.#settings;
    if (writer.isWaiting || reader.isWaiting) return false;
    if ((!isDetached && segments.some(isMemory)) || (isSyncing && !this.isSynced)) return false;
    reclaimer.reclaim(0);
    writer.rest();
    return tail.head === 0 || ledger.rest();
  }
}
