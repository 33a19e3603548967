/**
 * The bytes of a session that NATS has not confirmed, in memory. Chunks are shared through one budget for all
 * sessions; when it is exhausted, the session with the most unread bytes gives up its oldest.
 */
import type { ByteSource, Journal, JournalRun } from '../core/journal.ts';
import { Room, type Sharing } from './room.ts';

/** A chunk for what a quiet container writes at once, and one for a busy one: a pipe's default capacity, pipe(7). */
const SMALL_CHUNK_BYTES = 4 * 1024;
const LARGE_CHUNK_BYTES = 64 * 1024;
/** Free chunks kept for the next read; more would only hold memory. */
const SPARE_CHUNKS = 32;

/** A session that can give up bytes. */
export interface Holder {
  /** Bytes it could give up. */
  readonly unread: number;
  /** Gives up its oldest unread bytes, at least `bytes` of them if it has as many. */
  shed(bytes: number): void;
}

/** Memory for unconfirmed bytes of all sessions together. */
export class MemoryBudget {
  readonly holders = new Set<Holder>();
  /** What a read has brought, until it is appended. */
  readonly incoming = Buffer.allocUnsafeSlow(LARGE_CHUNK_BYTES);
  readonly #room: Room;
  readonly #spare: Buffer[] = [];

  /** `limit` in bytes. */
  constructor(limit: number, sharing?: Sharing) {
    this.#room = new Room(limit, sharing);
  }

  /** May change at any time. */
  get limit(): number {
    return this.#room.limit;
  }

  set limit(bytes: number) {
    this.#room.limit = bytes;
  }

  /** Bytes of this thread. */
  get used(): number {
    return this.#room.used;
  }

  /** Whether there is room without anybody giving up anything. */
  fits(size: number): boolean {
    return this.#room.fits(size);
  }

  /** See Room. */
  mustGive(size: number): boolean {
    return this.#room.mustGive(size);
  }

  /** Makes room for other threads. */
  giveWay(): void {
    while (this.#room.mustGive(0) && this.#shed()) continue;
  }

  /** Exceeds the limit rather than refuse: a FIFO is always drained, and what nobody can shed is bounded by the window. */
  take(size: number): Buffer {
    while (this.#room.mustGive(size) && this.#shed()) continue;
    return this.takeRegardless(size);
  }

  /** For whoever is giving up bytes, and must not be asked for more in order to do so. */
  takeRegardless(size: number): Buffer {
    this.#room.used += size;
    return (size === LARGE_CHUNK_BYTES ? this.#spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(size);
  }

  give(chunk: Buffer): void {
    this.#room.used -= chunk.length;
    if (chunk.length === LARGE_CHUNK_BYTES && this.#spare.length < SPARE_CHUNKS) this.#spare.push(chunk);
  }

  /** False when nothing could be freed. */
  #shed(): boolean {
    let largest: Holder | undefined;
    for (const holder of this.holders) {
      if (largest === undefined || holder.unread > largest.unread) largest = holder;
    }
    if (largest === undefined || largest.unread === 0) return false;
    const before = this.used;
    // Twice a chunk: one of them is then given back whole, wherever the entries end.
    largest.shed(2 * LARGE_CHUNK_BYTES);
    return this.used < before;
  }
}

/** `buffer[start, end)` holds the session's bytes from `offset` on. */
interface Chunk {
  readonly buffer: Buffer;
  offset: number;
  start: number;
  end: number;
}

export class MemoryJournal implements Journal {
  readonly kind = 'memory';
  head = 0;
  watermark = 0;
  sequence = 0;
  readonly missing = [];
  readonly isTorn = false;
  readonly epoch = Date.now();
  limit = Number.POSITIVE_INFINITY;
  /** In order of their offsets; there may be gaps between them. */
  readonly #chunks: Chunk[] = [];
  readonly #budget: MemoryBudget;
  readonly #owner: Holder;

  constructor(budget: MemoryBudget, owner: Holder) {
    this.#budget = budget;
    this.#owner = owner;
    budget.holders.add(owner);
  }

  get isFull(): boolean {
    return !this.#budget.fits(LARGE_CHUNK_BYTES) || this.volatileBytes + LARGE_CHUNK_BYTES > this.limit;
  }

  get volatileBytes(): number {
    return this.#chunks.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  take(source: ByteSource): number | 'empty' | 'ended' {
    const { incoming } = this.#budget;
    const size = source.read(incoming);
    if (typeof size === 'number') this.append(incoming.subarray(0, size));
    return size;
  }

  /** Copies the bytes. */
  append(bytes: Uint8Array): void {
    const excess = this.limit === Number.POSITIVE_INFINITY ? 0 : this.volatileBytes + bytes.length - this.limit;
    if (excess > 0) this.#owner.shed(excess);
    let from = 0;
    while (from < bytes.length) {
      const chunk = this.#writable(bytes.length - from);
      const size = Math.min(bytes.length - from, chunk.buffer.length - chunk.end);
      chunk.buffer.set(bytes.subarray(from, from + size), chunk.end);
      chunk.end += size;
      from += size;
      this.head += size;
    }
  }

  read(offset: number): JournalRun | undefined {
    for (const chunk of this.#chunks) {
      const skip = Math.max(0, offset - chunk.offset);
      if (chunk.start + skip < chunk.end) {
        return { offset: chunk.offset + skip, bytes: chunk.buffer.subarray(chunk.start + skip, chunk.end) };
      }
    }
    return undefined;
  }

  /** Nothing outlives the process, and within it the outputs know where they are. */
  mark(): void {}

  markOf(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    this.remove();
  }

  remove(): void {
    this.#budget.holders.delete(this.#owner);
    this.release(Number.POSITIVE_INFINITY, this.sequence);
  }

  release(offset: number, sequence: number): void {
    this.sequence = sequence;
    this.watermark = Math.max(this.watermark, Math.min(offset, this.head));
    while (this.#chunks.length > 0) {
      const chunk = this.#chunks[0] as Chunk;
      if (chunkEnd(chunk) > offset) return;
      this.#chunks.shift();
      this.#budget.give(chunk.buffer);
    }
  }

  save(): void {
    // A kill takes all.
  }

  discard(from: number, to: number): void {
    for (let i = this.#chunks.length - 1; i >= 0; i--) {
      const chunk = this.#chunks[i] as Chunk;
      const end = chunkEnd(chunk);
      if (end <= from || chunk.offset >= to) continue;
      if (chunk.offset >= from && end <= to) {
        this.#chunks.splice(i, 1);
        this.#budget.give(chunk.buffer);
      } else if (chunk.offset >= from) {
        this.#dropHead(chunk, to);
      } else {
        this.#cut(i, from, to);
      }
    }
  }

  /** The part before `from` stays where it is; a part behind `to` moves to a chunk of its own. */
  #cut(index: number, from: number, to: number): void {
    const chunk = this.#chunks[index] as Chunk;
    const end = chunkEnd(chunk);
    if (end > to) {
      const rest = chunk.buffer.subarray(chunk.start + to - chunk.offset, chunk.end);
      const buffer = this.#budget.takeRegardless(chunk.buffer.length);
      buffer.set(rest);
      this.#chunks.splice(index + 1, 0, { buffer, offset: to, start: 0, end: rest.length });
    }
    chunk.end = chunk.start + from - chunk.offset;
  }

  #dropHead(chunk: Chunk, to: number): void {
    chunk.start += to - chunk.offset;
    chunk.offset = to;
  }

  /** The chunk that the next bytes go into. */
  #writable(size: number): Chunk {
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.end < last.buffer.length && chunkEnd(last) === this.head) return last;
    const buffer = this.#budget.take(size <= SMALL_CHUNK_BYTES ? SMALL_CHUNK_BYTES : LARGE_CHUNK_BYTES);
    const chunk = { buffer, offset: this.head, start: 0, end: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }
}

function chunkEnd(chunk: Chunk): number {
  return chunk.offset + chunk.end - chunk.start;
}
