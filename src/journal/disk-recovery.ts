/**
 * Finds out what an earlier process left in a session's folder. Whatever lies there, a usable journal comes of it:
 * what is no segment of this session goes into quarantine, what is missing between two segments is skipped, a torn
 * end is kept as far as the file goes, since the frame decoder finds its way by itself. Nothing is changed that a crash
 * halfway could harm.
 */
import { join } from 'node:path';
import type { Range } from '../core/journal.ts';
import { Holes, HOLES_FILE, NEW_HOLES_FILE } from './disk-holes.ts';
import { isShortage, systemCode, type FileSystem } from './file-system.ts';
import { isMarkFile } from './marks.ts';
import type { Quarantine } from './quarantine.ts';
import { baseOf, HEADER_BYTES, MAX_SEGMENT_BYTES, type Segment, type SegmentFolder } from './segment.ts';
import { WATERMARK_FILE, WatermarkFile } from './watermark-file.ts';

/**
 * While the disk was broken, bytes lived in memory and may have been sent. Their offsets must not be used again, or
 * the receiver would take new lines for repeated ones; more than this cannot have been on its way.
 */
const AHEAD_BYTES = 2 ** 34;

export interface Recovered {
  readonly segments: Segment[];
  readonly holes: Holes;
  readonly head: number;
  readonly watermark: number;
  /** Messages before the watermark, since `epoch`: see Watermark. */
  readonly sequence: number;
  readonly epoch: number;
  /** Offsets behind the last segment may have been used. */
  readonly isAhead: boolean;
  /** In no segment, and neither confirmed nor given up: lost with a broken disk or a power failure. */
  readonly missing: readonly Range[];
  /** Bytes may have been behind the last segment, where the disk did not take them. */
  readonly isTorn: boolean;
  /** The folder cannot be judged now: nothing in it may be touched. */
  readonly isDetached: boolean;
}

export class Recovery {
  readonly #fs: FileSystem;
  readonly #folder: SegmentFolder;
  readonly #quarantine: Quarantine;
  readonly #report: (error: Error) => void;
  readonly #segments: Segment[] = [];
  /** No offset before it may be used again. */
  #bound = 0;

  constructor(fs: FileSystem, folder: SegmentFolder, quarantine: Quarantine, report: (error: Error) => void) {
    this.#fs = fs;
    this.#folder = folder;
    this.#quarantine = quarantine;
    this.#report = report;
  }

  run(watermarkFile: WatermarkFile): Recovered {
    try {
      return this.#run(watermarkFile);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      this.#report(error as Error);
      // Which offsets were used is not known: these were not, since time passes faster than bytes do.
      const head = Date.now() * 1024;
      return { segments: [], holes: new Holes(), head, watermark: head, sequence: 0, epoch: Date.now(), isAhead: true, missing: [], isTorn: true, isDetached: true };
    }
  }

  #run(watermarkFile: WatermarkFile): Recovered {
    const holes = new Holes();
    for (const name of this.#names()) {
      if (name === WATERMARK_FILE) this.#judge(name, () => watermarkFile.load());
      else if (name === HOLES_FILE) this.#judge(name, () => holes.load(this.#fs, this.#folder.path, this.#folder.seed));
      else if (isMarkFile(name)) this.#judge(name, () => this.#heed(name));
      else if (name !== NEW_HOLES_FILE) this.#judge(name, () => this.#inspect(name));
    }
    this.#order();
    const saved = watermarkFile.saved;
    const known = Math.max(this.#segments.at(-1)?.end ?? 0, saved?.offset ?? 0, holes.end);
    const wasAhead = saved?.isAhead === true;
    const head = Math.max(this.#bound, known) + (wasAhead ? AHEAD_BYTES : 0);
    const watermark = holes.skip(Math.max(saved?.offset ?? 0, this.#segments[0]?.base ?? head));
    holes.release(watermark);
    const missing = this.#findMissing(holes, saved?.offset ?? watermark);
    const isAhead = wasAhead || head > known;
    // Numbers that may have been used must not come again with other messages.
    const { sequence, epoch } = saved === undefined || isAhead ? { sequence: 0, epoch: Date.now() } : saved;
    return { segments: this.#segments, holes, head, watermark, sequence, epoch, isAhead, missing, isTorn: wasAhead, isDetached: false };
  }

  #names(): readonly string[] {
    try {
      return this.#fs.list(this.#folder.path);
    } catch (error) {
      if (systemCode(error) !== 'ENOTDIR') throw error;
      this.#quarantine.take(this.#folder.path, 0);
      return [];
    }
  }

  /** Looks at one entry of the folder; a shortage says nothing about it and is passed on. */
  #judge(name: string, look: () => void): void {
    try {
      look();
    } catch (error) {
      if (systemCode(error) === undefined || isShortage(error)) throw error;
      this.#report(error as Error);
      this.#putAway(name, 0);
    }
  }

  /** An output may have sent bytes that the disk lost: its mark outlives them where it was made safe before they were. */
  #heed(name: string): void {
    const file = new WatermarkFile(this.#fs, this.#folder.path, this.#folder.seed, name);
    file.load();
    this.#bound = Math.max(this.#bound, file.saved?.offset ?? 0);
  }

  #inspect(name: string): void {
    const base = baseOf(name);
    const { size, isValid } = this.#look(name, base ?? 0);
    const bytes = size - HEADER_BYTES;
    if (base === undefined) return this.#putAway(name, size);
    // Also of a segment that is not believed: its bytes may have been sent.
    if (bytes > 0 && bytes <= MAX_SEGMENT_BYTES) this.#bound = Math.max(this.#bound, base + bytes);
    if (bytes <= 0) this.#fs.remove(join(this.#folder.path, name));
    else if (!isValid || bytes > MAX_SEGMENT_BYTES) this.#putAway(name, size);
    else this.#segments.push({ base, end: base + bytes, memory: undefined, isSynced: false });
  }

  #look(name: string, base: number): { size: number; isValid: boolean } {
    const fd = this.#fs.open(join(this.#folder.path, name), 'read');
    try {
      const size = this.#fs.size(fd);
      const header = Buffer.alloc(HEADER_BYTES);
      if (size === undefined || this.#fs.read(fd, header, 0) < HEADER_BYTES) return { size: size ?? HEADER_BYTES + 1, isValid: false };
      return { size, isValid: header.equals(this.#folder.header(base)) };
    } finally {
      this.#fs.close(fd);
    }
  }

  #putAway(name: string, size: number): void {
    try {
      this.#quarantine.take(join(this.#folder.path, name), size);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      this.#report(error as Error);
    }
  }

  /** Where two overlap, the later one was written later. */
  #order(): void {
    this.#segments.sort((a, b) => a.base - b.base);
    this.#segments.forEach((segment, index) => {
      segment.end = Math.min(segment.end, this.#segments[index + 1]?.base ?? segment.end);
    });
  }

  #findMissing(holes: Holes, from: number): readonly Range[] {
    const missing: Range[] = [];
    let at = from;
    for (const { base, end } of [...this.#segments, { base: this.#bound, end: this.#bound }]) {
      while (at < base) {
        const kept = holes.skip(at);
        const to = kept > at ? kept : Math.min(base, holes.next(at));
        if (kept === at) missing.push({ from: at, to });
        at = to;
      }
      at = Math.max(at, end);
    }
    return missing;
  }
}
