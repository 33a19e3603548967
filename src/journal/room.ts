/**
 * Room with one limit for all threads of the driver. Any thread may use as much of it as the others leave; when it is exhausted, those give
 * way that use more than an equal share: so a thread with little is never robbed by one with much, and the limit is one of the host.
 */
import type { SharedBytes } from './shared-bytes.ts';

/** Room that is shared with other threads. */
export interface Sharing {
  readonly bytes: SharedBytes;
  /** Asks the other threads to give way, which takes a moment. Called whenever something does not fit. */
  readonly press: () => void;
}

export class Room {
  /** May change at any time. */
  limit: number;
  readonly #sharing: Sharing | undefined;
  #used = 0;

  /** `limit` in bytes; `sharing`: undefined where there are no other threads. */
  constructor(limit: number, sharing?: Sharing) {
    this.limit = limit;
    this.#sharing = sharing;
  }

  /** Bytes of this thread. */
  get used(): number {
    return this.#used;
  }

  set used(bytes: number) {
    this.#used = bytes;
    this.#sharing?.bytes.tell(bytes);
  }

  /** Bytes of all threads. */
  get total(): number {
    return this.#sharing === undefined ? this.#used : this.#used + this.#sharing.bytes.others;
  }

  /** Whether `size` more bytes would be at most `limit`. */
  fits(size: number, limit = this.limit): boolean {
    return this.total + size <= limit;
  }

  /** Whether it is this thread that has to give up bytes for `size` more to fit. Where it is not, others are asked to. */
  mustGive(size: number, limit = this.limit): boolean {
    if (this.fits(size, limit)) return false;
    if (this.#sharing === undefined || this.#used + size > limit / this.#sharing.bytes.threads) return true;
    this.#sharing.press();
    return false;
  }
}
