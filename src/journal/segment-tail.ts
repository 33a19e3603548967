/**
 * The end of a journal, where bytes arrive: they go into a file, or into memory as long as the disk does not take
 * them, and from there into files later.
 */
import type { ByteSource } from '../core/journal.ts';
import type { DiskBudget } from './disk-budget.ts';
import type { Ledger } from './disk-ledger.ts';
import { isMemory, type MemorySegment, type Segment, type SegmentFolder } from './segment.ts';
import type { SegmentWriter } from './segment-writer.ts';

/** What a quiet container writes at once, and a pipe's default capacity, pipe(7). */
const SMALL_CHUNK_BYTES = 4 * 1024;
const LARGE_CHUNK_BYTES = 64 * 1024;

export interface SegmentTailSettings {
  readonly budget: DiskBudget;
  readonly folder: SegmentFolder;
  readonly writer: SegmentWriter;
  /** In order of their offsets. Shared: whoever removes one corrects `used`. */
  readonly segments: Segment[];
  /** Bytes in a file; the next one begins then. */
  readonly segmentBytes: () => number;
  /** Every append is safe from a power failure when it returns. */
  readonly isSyncing: boolean;
  /** Saved when a file is begun, which must happen before the disk is full: a file can be written to then, but not made. */
  readonly ledger: Ledger;
}

export class SegmentTail {
  /** Offset after the last byte appended. */
  head: number;
  /** The bytes in all segments. */
  used: number;
  readonly #settings: SegmentTailSettings;

  constructor(settings: SegmentTailSettings, head: number) {
    this.#settings = settings;
    this.head = head;
    this.used = settings.segments.reduce((sum, { base, end }) => sum + end - base, 0);
  }

  /** Appends to files as far as the disk takes the bytes; returns how many. */
  write(bytes: Uint8Array): number {
    const { writer, segmentBytes, isSyncing } = this.#settings;
    let from = 0;
    try {
      while (from < bytes.length) {
        const { base, end } = this.#file();
        const size = writer.write(bytes, from, Math.min(bytes.length, from + base + segmentBytes() - end));
        from += size;
        this.head += size;
        this.used += size;
      }
      if (isSyncing) writer.sync(writer.current as Segment);
      writer.heal();
    } catch (error) {
      this.#dropEmptyFile();
      writer.fail(error);
    }
    return from;
  }

  /** Moves up to `most` bytes from the source into a file; see ByteSource.splice. undefined also when the disk fails. */
  splice(source: ByteSource, most: number): number | undefined {
    const { writer, segmentBytes, isSyncing } = this.#settings;
    // A file is begun only for bytes that are there.
    if (writer.current === undefined && source.available === 0) return undefined;
    let size: number | undefined;
    try {
      const { base, end } = this.#file();
      size = writer.splice(source, Math.min(most, base + segmentBytes() - end));
      this.head += size ?? 0;
      this.used += size ?? 0;
      if (isSyncing && size !== undefined) writer.sync(writer.current as Segment);
    } catch (error) {
      writer.fail(error);
    }
    this.#dropEmptyFile();
    return size;
  }

  /** Keeps bytes[from, …) in memory. */
  keep(bytes: Uint8Array, from: number): void {
    this.#settings.writer.seal();
    for (let at = from; at < bytes.length;) {
      const chunk = this.#chunk(bytes.length - at);
      const start = chunk.end - chunk.base;
      const size = Math.min(bytes.length - at, chunk.memory.length - start);
      chunk.memory.set(bytes.subarray(at, at + size), start);
      chunk.end += size;
      at += size;
      this.head += size;
      this.used += size;
    }
    this.#turn(true);
  }

  /** Moves the first bytes that are kept in memory to the disk, if it takes them again; false when nothing was moved. */
  spill(): boolean {
    const { segments, budget, writer } = this.#settings;
    const first = segments.findIndex(isMemory);
    if (first < 0 || !writer.isReady) return false;
    const pieces = this.#contiguous(first);
    if (!budget.fits((pieces.at(-1) as Segment).end - (pieces[0] as Segment).base)) return false;
    try {
      const segment = writer.spill(pieces);
      segments.splice(first, pieces.length, segment);
      for (const { memory } of pieces) budget.memory.give(memory);
      if (segment.end === this.head) this.#turn(false);
      writer.heal();
      return true;
    } catch (error) {
      writer.fail(error);
      return false;
    }
  }

  /** The file that takes the next byte. Throws the system's error. */
  #file(): Segment {
    const { folder, writer, segments, segmentBytes, isSyncing } = this.#settings;
    const { current } = writer;
    if (current !== undefined && current.end === this.head && current.end - current.base < segmentBytes()) return current;
    if (isSyncing && current !== undefined && !current.isSynced) writer.sync(current);
    const next = writer.begin(this.head);
    segments.push(next);
    this.#turn(false);
    if (isSyncing) folder.sync();
    return next;
  }

  #turn(isAhead: boolean): void {
    const { ledger } = this.#settings;
    if (ledger.isAhead === isAhead && (isAhead || ledger.hasFile)) return;
    ledger.isAhead = isAhead;
    ledger.save();
  }

  /** Its name may be needed again. */
  #dropEmptyFile(): void {
    const { segments, writer } = this.#settings;
    const last = segments.at(-1);
    if (last === undefined || last !== writer.current || last.end > last.base) return;
    segments.pop();
    writer.remove(last);
  }

  /** The memory that takes the next byte. */
  #chunk(size: number): MemorySegment {
    const { segments, budget } = this.#settings;
    const last = segments.at(-1);
    if (last !== undefined && isMemory(last) && last.end === this.head && last.end - last.base < last.memory.length) return last;
    const memory = budget.takeMemory(size <= SMALL_CHUNK_BYTES ? SMALL_CHUNK_BYTES : LARGE_CHUNK_BYTES);
    const chunk = { base: this.head, end: this.head, memory, isSynced: false };
    segments.push(chunk);
    return chunk;
  }

  /** Memory segments from the one at `first` on that fit into a file. */
  #contiguous(first: number): MemorySegment[] {
    const pieces: MemorySegment[] = [];
    for (const segment of this.#settings.segments.slice(first)) {
      const begin = pieces[0]?.base ?? segment.base;
      const end = pieces.at(-1)?.end ?? segment.base;
      if (!isMemory(segment) || segment.base !== end || segment.end - begin > this.#settings.segmentBytes()) break;
      pieces.push(segment);
    }
    return pieces;
  }
}
