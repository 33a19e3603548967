/**
 * Writes the segments of one journal: the file at its end, which takes the next bytes, and whole files of what had to
 * be kept in memory. Knows nothing of what is confirmed.
 */
import type { ByteSource } from '../core/journal.ts';
import type { DiskBudget } from './disk-budget.ts';
import { systemCode } from './file-system.ts';
import { writeWhole, type MemorySegment, type Segment, type SegmentFolder } from './segment.ts';

/** Ticks of 100 ms: 5 s. */
const RETRY_TICKS = 50;
/** The only failures that end when somebody removes a file. */
const FULL = new Set(['ENOSPC', 'EDQUOT']);

export class SegmentWriter {
  /** The file that takes the next bytes, if there is one. */
  current: Segment | undefined;
  readonly #budget: DiskBudget;
  readonly #folder: SegmentFolder;
  /** Of `current`; -1 while it is closed. */
  #fd = -1;
  #ticksToRetry = 0;
  /** Set while the disk is full: how many files had been removed when that was found out. */
  #removals: number | undefined;

  constructor(budget: DiskBudget, folder: SegmentFolder) {
    this.#budget = budget;
    this.#folder = folder;
  }

  /** Whether it is worth trying. */
  get isReady(): boolean {
    return this.#ticksToRetry === 0 || (this.#removals !== undefined && this.#removals !== this.#budget.removals);
  }

  get isWaiting(): boolean {
    return this.#ticksToRetry > 0;
  }

  tick(): void {
    if (this.#ticksToRetry > 0) this.#ticksToRetry--;
  }

  /** The descriptor of the segment, or -1. */
  fdOf(segment: Segment): number {
    return segment === this.current ? this.#fd : -1;
  }

  /** Begins the next file, which is then `current`. Throws the system's error. */
  begin(base: number): Segment {
    this.seal();
    this.#fd = this.#folder.create(base);
    this.current = { base, end: base, memory: undefined, isSynced: false };
    return this.current;
  }

  /** Appends bytes[from, to) to `current`, or the first of them; returns how many. Throws the system's error. */
  write(bytes: Uint8Array, from: number, to: number): number {
    const segment = this.#opened();
    return this.#grown(segment, this.#budget.fs.write(this.#fd, bytes, from, to - from, this.#folder.position(segment, segment.end)));
  }

  /** Moves up to `most` bytes from the source to the end of `current`; see ByteSource.splice. Throws the system's error. */
  splice(source: ByteSource, most: number): number | undefined {
    const segment = this.#opened();
    const size = source.splice(this.#fd, this.#folder.position(segment, segment.end), most);
    return size === undefined ? undefined : this.#grown(segment, size);
  }

  /** Makes a file of contiguous memory; returns the segment that takes their place. Throws the system's error. */
  spill(pieces: readonly MemorySegment[]): Segment {
    const { fs } = this.#budget;
    const first = pieces[0] as MemorySegment;
    const segment: Segment = { base: first.base, end: first.base, memory: undefined, isSynced: false };
    const fd = this.#folder.create(segment.base);
    try {
      for (const { base, end, memory } of pieces) {
        writeWhole(fs, fd, memory, end - base, this.#folder.position(segment, base));
        segment.end = end;
      }
      this.#budget.used += segment.end - segment.base;
    } catch (error) {
      this.#remove(segment);
      throw error;
    } finally {
      this.#close(fd);
    }
    return segment;
  }

  /** Makes one segment safe. Throws the system's error. */
  sync(segment: Segment): void {
    const { fs } = this.#budget;
    const open = this.fdOf(segment);
    const fd = open >= 0 ? open : fs.open(this.#folder.file(segment.base), 'read');
    try {
      fs.sync(fd);
      segment.isSynced = true;
    } finally {
      if (open < 0) this.#close(fd);
    }
  }

  /** It works. */
  heal(): void {
    this.#ticksToRetry = 0;
    this.#removals = undefined;
    this.#budget.healed(this);
  }

  /** It does not: not to be tried again for a while. Throws what is no error of the system. */
  fail(error: unknown): void {
    const code = systemCode(error);
    if (code === undefined) throw error;
    this.#ticksToRetry = RETRY_TICKS;
    this.#removals = FULL.has(code) ? this.#budget.removals : undefined;
    this.#budget.failed(this, error as Error);
  }

  /** The next bytes do not go into `current`. */
  seal(): void {
    this.rest();
    this.current = undefined;
  }

  /** Gives the descriptor back; `current` is opened again when it is needed. */
  rest(): void {
    if (this.#fd < 0) return;
    this.#close(this.#fd);
    this.#fd = -1;
  }

  /** Removes the segment's file. */
  remove(segment: Segment): void {
    if (segment === this.current) this.seal();
    this.#budget.used -= segment.end - segment.base;
    if (segment.end > segment.base) this.#budget.removals++;
    this.#remove(segment);
  }

  #opened(): Segment {
    const segment = this.current as Segment;
    if (this.#fd < 0) this.#fd = this.#budget.fs.open(this.#folder.file(segment.base), 'write');
    return segment;
  }

  #grown(segment: Segment, size: number): number {
    segment.end += size;
    segment.isSynced = false;
    this.#budget.used += size;
    return size;
  }

  #remove(segment: Segment): void {
    this.#budget.attempt(this.#folder, () => this.#budget.fs.unlink(this.#folder.file(segment.base)));
  }

  #close(fd: number): void {
    this.#budget.attempt(this.#folder, () => this.#budget.fs.close(fd));
  }
}
