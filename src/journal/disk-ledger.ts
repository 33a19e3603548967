/**
 * Which bytes of a session are over: those before the watermark, and the holes behind it. Saving them may fail like
 * everything that the disk does; it is tried again with each tick.
 */
import type { DiskBudget } from './disk-budget.ts';
import type { Holes } from './disk-holes.ts';
import type { SyncTarget } from './file-system.ts';
import { Marks } from './marks.ts';
import type { Segment, SegmentFolder } from './segment.ts';
import type { Watermark, WatermarkFile } from './watermark-file.ts';

/** The watermark is saved when it has moved so far, */
const SAVE_BYTES = 1024 * 1024;
/** with the next tick when it has moved so far, and now and then in any case. */
const FAR_BYTES = 16 * 1024;

export interface LedgerSettings {
  readonly budget: DiskBudget;
  readonly folder: SegmentFolder;
  readonly mark: WatermarkFile;
  readonly holes: Holes;
  /** What is saved must be safe from a power failure before files are removed. */
  readonly isSyncing: boolean;
  /** Nothing may be written. */
  readonly isDetached: boolean;
}

export class Ledger {
  /** Everything before it is confirmed or given up. */
  watermark: number;
  /** Messages before the watermark. */
  sequence: number;
  readonly epoch: number;
  /** Saved with the watermark, see WatermarkFile. */
  isAhead: boolean;
  /** Of the outputs, where there are several. */
  readonly marks: Marks;
  readonly #settings: LedgerSettings;
  #areHolesSaved = true;

  constructor(settings: LedgerSettings, { offset, sequence, epoch, isAhead }: Watermark) {
    this.#settings = settings;
    this.marks = new Marks(settings.budget.fs, settings.folder, epoch);
    this.watermark = offset;
    this.sequence = sequence;
    this.epoch = epoch;
    this.isAhead = isAhead;
  }

  get isSaved(): boolean {
    return this.#settings.isDetached || (this.#areHolesSaved && this.#isMarkSaved);
  }

  get #isMarkSaved(): boolean {
    return this.marks.isSaved && this.#settings.mark.isSaved({ offset: this.watermark, sequence: this.sequence, isAhead: this.isAhead });
  }

  /** Whether there is a file to write to. */
  get hasFile(): boolean {
    return this.#settings.mark.saved !== undefined;
  }

  /** Everything before `offset` is over, and what was given up right behind it. */
  release(offset: number): void {
    const { holes } = this.#settings;
    this.watermark = holes.skip(offset);
    holes.release(this.watermark);
    if (this.#unsavedBytes >= SAVE_BYTES) this.save();
  }

  get isFarAhead(): boolean {
    return this.#unsavedBytes >= FAR_BYTES;
  }

  get #unsavedBytes(): number {
    return this.watermark - (this.#settings.mark.saved?.offset ?? 0);
  }

  /** [from, to) is over; it does not begin before the watermark. */
  discard(from: number, to: number): void {
    if (from === this.watermark) {
      this.release(to);
      this.save();
    } else {
      this.#settings.holes.add(from, to);
      this.#areHolesSaved = false;
      this.saveHoles();
    }
  }

  isOver({ base, end }: Segment, watermark = this.watermark): boolean {
    return this.#settings.holes.skip(Math.max(base, watermark)) >= end;
  }

  /** As `isOver`, and stays so after a power failure. */
  isSafelyOver(segment: Segment): boolean {
    return this.#areHolesSaved && this.isOver(segment, this.#settings.mark.safeOffset);
  }

  /** Saves the watermark, and makes that safe. */
  *makeSafe(): Generator<SyncTarget, void> {
    if (!this.hasFile || !this.save()) return;
    yield* this.marks.makeSafe();
    yield* this.#settings.mark.makeSafe();
  }

  /** False when the disk did not take it. */
  save(): boolean {
    const { budget, folder, mark, isDetached } = this.#settings;
    if (isDetached) return false;
    // What could not be saved may be what is there once more.
    if (this.#isMarkSaved) {
      budget.healed(mark);
      return true;
    }
    return budget.attempt(mark, () => {
      folder.make();
      this.marks.save();
      const { watermark: offset, sequence, epoch, isAhead } = this;
      mark.save({ offset, sequence, epoch, isAhead });
    });
  }

  /** Before files are removed. */
  saveForGood(): boolean {
    const { budget, isSyncing } = this.#settings;
    return this.save() && this.#areHolesSaved && (!isSyncing || budget.attempt(this, () => this.#sync()));
  }

  #sync(): void {
    this.marks.sync();
    this.#settings.mark.sync();
  }

  /** Gives all descriptors back, also those behind one that fails to be closed; false when one did. */
  #close(): boolean {
    const { budget, mark } = this.#settings;
    return [...this.marks.files, mark].filter((file) => !budget.attempt(mark, () => file.close())).length === 0;
  }

  /** Those before the watermark are left out, so it comes first. */
  saveHoles(): void {
    const { budget, folder, holes } = this.#settings;
    if (this.#areHolesSaved || !this.save()) return;
    const save = (): void => holes.isEmpty ? undefined : holes.save(budget.fs, folder.path, folder.seed);
    this.#areHolesSaved = budget.attempt(holes, save);
  }

  /** Gives the descriptor back; false when the disk did not take everything. */
  rest(): boolean {
    return this.#close() && this.isSaved;
  }

  end(): void {
    const { budget, mark, holes } = this.#settings;
    this.#close();
    for (const who of [this, mark, holes]) budget.healed(who);
  }
}
