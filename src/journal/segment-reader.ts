/**
 * Reads the segments of one journal. A file that cannot be read is tried again, since a shortage or a network disk may
 * recover; after that its rest is given up, or one bad sector would hold the session for ever.
 */
import type { DiskBudget } from './disk-budget.ts';
import { systemCode } from './file-system.ts';
import type { Segment, SegmentFolder } from './segment.ts';

/** Ticks of 100 ms: 5 s. */
const RETRY_TICKS = 50;
const MAX_FAILURES = 3;

export class SegmentReader {
  readonly #budget: DiskBudget;
  readonly #folder: SegmentFolder;
  /** Whom the bytes in the shared buffer belong to. */
  readonly #owner: object;
  #failures = 0;
  #ticksToRetry = 0;

  constructor(budget: DiskBudget, folder: SegmentFolder, owner: object) {
    this.#budget = budget;
    this.#folder = folder;
    this.#owner = owner;
  }

  get isWaiting(): boolean {
    return this.#ticksToRetry > 0;
  }

  /** True when it is time to try again. */
  tick(): boolean {
    return this.#ticksToRetry > 0 && --this.#ticksToRetry === 0;
  }

  /**
   * Bytes [from, to) of the segment or the first of them, at least one; undefined: they are lost. `fd`: the segment's
   * descriptor if it is open. The bytes are those of the shared buffer, or the segment's own memory.
   */
  read(segment: Segment, from: number, to: number, fd: number): Buffer | 'later' | undefined {
    const cached = this.#budget.buffer.get(this.#owner, from, to);
    if (cached !== undefined) return cached;
    if (segment.memory !== undefined) return segment.memory.subarray(from - segment.base, to - segment.base);
    if (this.#ticksToRetry > 0) return 'later';
    try {
      const bytes = this.#fetch(segment, from, to, fd);
      this.#failures = 0;
      this.#budget.healed(this);
      return bytes;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** undefined: somebody has cut the file. */
  #fetch(segment: Segment, from: number, to: number, openFd: number): Buffer | undefined {
    const { fs, buffer } = this.#budget;
    const fd = openFd >= 0 ? openFd : fs.open(this.#folder.file(segment.base), 'read');
    try {
      buffer.mark(this.#owner, from, 0);
      const into = buffer.bytes.subarray(0, Math.min(buffer.bytes.length, to - from));
      buffer.mark(this.#owner, from, fs.read(fd, into, this.#folder.position(segment, from)));
    } finally {
      if (openFd < 0) fs.close(fd);
    }
    return buffer.get(this.#owner, from, to);
  }

  #fail(error: unknown): 'later' | undefined {
    const code = systemCode(error);
    if (code === undefined) throw error;
    this.#budget.failed(this, error as Error);
    if (code === 'ENOENT' || ++this.#failures === MAX_FAILURES) {
      this.#failures = 0;
      return undefined;
    }
    this.#ticksToRetry = RETRY_TICKS;
    return 'later';
  }
}
