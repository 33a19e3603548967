/**
 * The bytes of a session that NATS has not confirmed, on disk, so that they outlive the process:
 *
 *   <offset>.seg   runs of bytes, see segment.ts        holes       what was given up, see disk-holes.ts
 *   watermark      where to resume, see watermark-file.ts              watermark-<output>   of several, see marks.ts
 *
 * Bytes that were appended are in a file, or in memory as long as the disk does not take them: nothing here throws
 * because of a disk. While NATS keeps up a file is removed before the system gets round to writing it.
 *
 * What is confirmed is saved before files are removed. That is not needed to find the rest again (bytes before the
 * first file are over), but spares the receiver what it has already.
 */
import type { ByteSource, Journal, JournalOwner, JournalRun, Mark, Range } from '../core/journal.ts';
import { segmentBytesFor, type DiskBudget, type Member } from './disk-budget.ts';
import { Reclaimer } from './disk-reclaimer.ts';
import { Recovery } from './disk-recovery.ts';
import type { Holes } from './disk-holes.ts';
import { Ledger } from './disk-ledger.ts';
import { REUSE_BYTES, Upkeep } from './disk-upkeep.ts';
import { SegmentReader } from './segment-reader.ts';
import { SegmentFolder, type Segment } from './segment.ts';
import { SegmentTail } from './segment-tail.ts';
import { SegmentWriter } from './segment-writer.ts';
import { WatermarkFile } from './watermark-file.ts';

/** When what was written is made safe from a power failure: never, every 500 ms, or before an append returns. */
export type SyncPolicy = 'none' | 'interval' | 'always';

export interface DiskJournalSettings {
  /** The session's own; made when the first bytes come. */
  readonly folder: string;
  /** Equal after a restart, and no other session's. */
  readonly id: string;
  readonly sync: SyncPolicy;
  readonly owner: JournalOwner;
}

/** What a container that never stops writing brings before others have their turn. */
const TAKE_BYTES = 64 * 1024;
/** What was begun, what is in flight, and one more. */
const SHED_ROUNDS = 4;

export class DiskJournal implements Member, Journal {
  readonly kind = 'disk';
  readonly owner: JournalOwner;
  /** The folder could not be looked at: it is left alone for the next process, and this session lives in memory. */
  readonly isDetached: boolean;
  /** Lost with a broken disk or a power failure, as of when the journal was opened. */
  readonly missing: readonly Range[];
  readonly isTorn: boolean;
  limit = Number.POSITIVE_INFINITY;
  readonly #budget: DiskBudget;
  readonly #settings: DiskJournalSettings;
  readonly #folder: SegmentFolder;
  readonly #ledger: Ledger;
  readonly #reader: SegmentReader;
  readonly #writer: SegmentWriter;
  readonly #tail: SegmentTail;
  readonly #upkeep: Upkeep;
  readonly #reclaimer: Reclaimer;
  /** In order of their offsets; there may be gaps between them. */
  readonly #segments: Segment[];
  readonly #holes: Holes;
  #isClosed = false;

  /** Goes on where an earlier process ended. */
  constructor(budget: DiskBudget, settings: DiskJournalSettings) {
    this.#budget = budget;
    this.#settings = settings;
    this.owner = settings.owner;
    this.#folder = new SegmentFolder(budget.fs, budget.root, settings.folder, settings.id);
    this.#reader = new SegmentReader(budget, this.#folder, this);
    this.#writer = new SegmentWriter(budget, this.#folder);
    const recovery = new Recovery(budget.fs, this.#folder, budget.quarantine, (error) => budget.failed(this.#folder, error));
    const mark = new WatermarkFile(budget.fs, settings.folder, this.#folder.seed);
    const { segments, holes, head, watermark, sequence, epoch, isAhead, missing, isTorn, isDetached } = recovery.run(mark);
    this.missing = missing;
    this.isTorn = isTorn;
    this.isDetached = isDetached;
    this.#segments = segments;
    this.#holes = holes;
    const { sync } = settings;
    this.#ledger = new Ledger({ budget, folder: this.#folder, mark, holes, isSyncing: sync !== 'none', isDetached }, { offset: watermark, sequence, epoch, isAhead });
    this.#tail = this.#makeTail(head);
    const parts = { budget, folder: this.#folder, ledger: this.#ledger, writer: this.#writer, tail: this.#tail, segments };
    this.#reclaimer = new Reclaimer(parts);
    this.#upkeep = new Upkeep({
      ...parts, reader: this.#reader, reclaimer: this.#reclaimer, isDetached, isSyncing: sync !== 'none' && !isDetached, readable: () => this.owner.readable(),
    });
    budget.used += this.#tail.used;
    budget.join(this);
    if (isAhead) this.#ledger.save();
    if (head === 0) return;
    // A process that was killed may have left what it had not synced yet.
    this.#folder.changed();
    this.#wake();
  }

  /** Offset after the last byte appended. */
  get head(): number {
    return this.#tail.head;
  }

  /** Everything before it is confirmed or given up. */
  get watermark(): number {
    return this.#ledger.watermark;
  }

  get sequence(): number {
    return this.#ledger.sequence;
  }

  get epoch(): number {
    return this.#ledger.epoch;
  }

  get isFull(): boolean {
    const isOver = (): boolean => this.#tail.used + TAKE_BYTES > this.limit || !this.#budget.fits(TAKE_BYTES);
    if (!isOver()) return false;
    this.#reclaimer.reclaim(0);
    return isOver();
  }

  /** Bytes that would go with the process: the disk does not take them. */
  get volatileBytes(): number {
    return this.#segments.reduce((sum, { base, end, memory }) => sum + (memory === undefined ? 0 : end - base), 0);
  }

  /** A power failure would take nothing. */
  get isSynced(): boolean {
    return this.#upkeep.isSynced;
  }

  /** May ask owners to shed, this one's as well. What the disk does not take, or cannot take by itself, passes through memory. */
  take(source: ByteSource): number | 'empty' | 'ended' {
    const most = Math.min(TAKE_BYTES, this.#segmentBytes);
    const moved = this.#makeRoom(most) ? this.#tail.splice(source, most) : undefined;
    if (moved !== undefined) {
      this.#wake();
      return moved || 'ended';
    }
    const { incoming } = this.#budget.memory;
    const size = source.read(incoming);
    if (typeof size === 'number') this.append(incoming.subarray(0, size));
    return size;
  }

  /** Copies what it keeps. May ask owners to shed, this one's as well. */
  append(bytes: Uint8Array): void {
    this.#wake();
    const isWelcome = this.#makeRoom(bytes.length);
    const { head } = this;
    const written = isWelcome ? this.#tail.write(bytes) : 0;
    if (written < bytes.length) this.#tail.keep(bytes, written);
    this.#budget.buffer.put(this, head, bytes);
  }

  /**
   * The first run kept at or after `offset`, up to 64 KiB; undefined: nothing is; 'later': not before `readable` is
   * called. The bytes are valid until the next call of any method of any journal with the same budget. What was
   * appended last does not come from the disk.
   */
  read(offset: number): JournalRun | 'later' | undefined {
    let at = Math.max(offset, this.watermark);
    for (let i = 0; i < this.#segments.length; i++) {
      const segment = this.#segments[i] as Segment;
      at = this.#holes.skip(Math.max(at, segment.base));
      if (at >= segment.end) continue;
      const to = Math.min(segment.end, this.#holes.next(at));
      const bytes = this.#reader.read(segment, at, to, this.#writer.fdOf(segment));
      if (bytes === 'later') return this.#later();
      if (bytes !== undefined) return { offset: at, bytes };
      this.owner.unreadable(at, to);
      this.discard(at, to);
      at = to;
      // The segment may be gone from the list.
      i = -1;
    }
    return undefined;
  }

  release(offset: number, sequence: number): void {
    const to = Math.min(offset, this.head);
    // A record of the driver moves the numbering alone.
    if (to <= this.watermark && sequence === this.#ledger.sequence) return;
    this.#wake();
    this.#ledger.sequence = sequence;
    if (to <= this.watermark) return;
    this.#ledger.release(to);
    const first = this.#segments[0];
    if (first === undefined || first.end > this.watermark) return;
    // Files wait for the next sync, memory does not.
    if (this.#settings.sync !== 'interval' || first.memory !== undefined) this.#reclaimer.reclaim(REUSE_BYTES);
  }

  mark(output: string, offset: number, sequence: number): void {
    this.#wake();
    this.#ledger.marks.set(output, offset, sequence);
  }

  save(): void {
    if (this.head > 0) this.#ledger.save();
  }

  markOf(output: string): Mark | undefined {
    // A session without a byte has no folder to look into.
    return this.isDetached || this.head === 0 ? undefined : this.#ledger.marks.get(output);
  }

  discard(from: number, to: number): void {
    const start = Math.max(from, this.watermark);
    const end = Math.min(to, this.head);
    if (start >= end) return;
    this.#wake();
    this.#ledger.discard(start, end);
    this.#reclaimer.reclaim(REUSE_BYTES);
  }

  reclaim(): void {
    this.#reclaimer.reclaim(0);
  }

  tick(isTimeToSync: boolean): boolean {
    return this.#upkeep.tick(isTimeToSync);
  }

  /**
   * The process ends: everything is kept for the next one, except for `volatileBytes`. Resolves when it is as safe from a power
   * failure as `sync` asks for, or the disk has failed.
   */
  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    // Nobody asks for ticks or room here any more.
    this.#budget.leave(this);
    return this.#upkeep.close();
  }

  /** Nothing is needed any more. */
  remove(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#budget.leave(this);
    this.#upkeep.end();
    if (!this.isDetached) this.#budget.attempt(this.#folder, () => this.#budget.fs.remove(this.#folder.path));
    this.#budget.healed(this.#folder);
  }

  #makeTail(head: number): SegmentTail {
    return new SegmentTail({
      budget: this.#budget,
      folder: this.#folder,
      writer: this.#writer,
      ledger: this.#ledger,
      segments: this.#segments,
      segmentBytes: () => this.#segmentBytes,
      isSyncing: this.#settings.sync === 'always',
    }, head);
  }

  /** Small enough for both limits. */
  get #segmentBytes(): number {
    return Math.min(this.#budget.segmentBytes, segmentBytesFor(this.limit));
  }

  /** Asks for ticks. */
  #wake(): void {
    this.#upkeep.wake();
    this.#budget.activate(this);
  }

  #later(): 'later' {
    this.#wake();
    return 'later';
  }

  /** Whether the disk may take so many bytes. The session's own limit is exceeded by what it cannot give up. */
  #makeRoom(size: number): boolean {
    for (let round = 0; round < SHED_ROUNDS && this.#tail.used + size > this.limit; round++) {
      this.#reclaimer.reclaim(0);
      if (this.#tail.used + size > this.limit) this.owner.shed(this.#segmentBytes);
    }
    return !this.isDetached && this.#writer.isReady && this.#budget.makeRoom(size);
  }
}
