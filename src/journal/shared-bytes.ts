/**
 * How many bytes each thread of the driver uses of room that all of them have together. Each thread writes its own number and
 * reads the others': nobody waits for anybody, and what is read is at most one step old.
 */

/** Numbers are shared in KiB, rounded up: 32 bits of these are 4 TiB for each thread. */
const UNIT_BYTES = 1024;

/** Memory for the numbers of so many threads, to be handed to all of them. */
export function sharedCounts(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * Uint32Array.BYTES_PER_ELEMENT);
}

export class SharedBytes {
  readonly #counts: Uint32Array<SharedArrayBuffer>;
  readonly #own: number;

  /** `own`: the number of this thread, from 0. */
  constructor(counts: SharedArrayBuffer, own: number) {
    this.#counts = new Uint32Array(counts);
    this.#own = own;
  }

  get threads(): number {
    return this.#counts.length;
  }

  /** Bytes that the other threads use. */
  get others(): number {
    let units = 0;
    for (let thread = 0; thread < this.#counts.length; thread++) if (thread !== this.#own) units += Atomics.load(this.#counts, thread);
    return units * UNIT_BYTES;
  }

  /** This thread uses so many. */
  tell(bytes: number): void {
    Atomics.store(this.#counts, this.#own, Math.ceil(bytes / UNIT_BYTES));
  }
}
