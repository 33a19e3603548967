/**
 * Decodes what the engine writes into a FIFO: per entry a big-endian uint32 length and a LogEntry message of
 * proto3. Source: moby daemon/logger/internal/logdriver (entry.proto, io.go).
 *
 * The engine never sends anything again, so a stream that lost its alignment is searched for the next frame.
 */
import type { EntrySink, FrameRun, LogEntry, Partial, Source } from '../core/types.ts';
import { parseLogEntry } from './log-entry.ts';

/** The engine's own readers refuse more (1e6); its largest frame is 16,488 bytes. */
export const MAX_FRAME_BYTES = 1024 * 1024;
const LENGTH_BYTES = 4;
const EMPTY = Buffer.alloc(0);
/** What any frame of the engine begins with, behind its length: field 1, six bytes, "std…". */
const SIGNATURE = Buffer.from('\x0a\x06std', 'latin1');
/** A frame that claims more than this is believed only with the signature: waiting for its end would take long. */
const LARGE_FRAME_BYTES = 64 * 1024;

/** The one entry that all frames of a session are decoded into. */
export class EntryCursor implements LogEntry {
  source: Source = 'stdout';
  seconds = 0;
  nanos = 0;
  bytes: Uint8Array = SIGNATURE;
  start = 0;
  end = 0;
  partial: Partial | undefined = undefined;
  offset = 0;
}

/**
 * Bytes were no frame. `places`: 1 where they begin a stretch of such bytes, 0 where they go on with it; the next frame ends it.
 */
export type Skipped = (bytes: number, places: number) => void;

export class FrameDecoder {
  /** Offset of the first byte that is not part of a decoded frame. */
  position = 0;
  readonly #entry = new EntryCursor();
  readonly #run: FrameRun = { bytes: EMPTY, at: 0, seconds: 0, nanos: 0 };
  readonly #next: EntrySink;
  readonly #skipped: Skipped;
  /** The beginning of a frame whose rest has not come yet; at most one frame. */
  #carry = EMPTY;
  /** The alignment is lost and the next frame not found yet. */
  #searching = false;
  /** What was skipped last was not followed by a frame yet. */
  #isAstray = false;

  constructor(next: EntrySink, skipped: Skipped) {
    this.#next = next;
    this.#skipped = skipped;
  }

  /** When the line that was decoded last was written, in milliseconds since 1970; 0: none was. */
  get newest(): number {
    return this.#entry.seconds * 1000 + Math.floor(this.#entry.nanos / 1e6);
  }

  /** It is not known where the next frame begins. */
  get isSearching(): boolean {
    return this.#searching;
  }

  /** A frame has begun and not ended. */
  get isWithin(): boolean {
    return !this.#searching && this.#carry.length > 0;
  }

  /** Decodes what is complete; keeps a copy of the rest. The bytes may be cut anywhere. */
  push(bytes: Uint8Array): void {
    const from = this.#carry.length === 0 ? 0 : this.#complete(bytes);
    if (from < bytes.length) this.#keep(bytes, this.#decode(bytes, from));
  }

  /** Goes on at `offset`, where a frame begins; what was kept is forgotten. */
  seek(offset: number): void {
    this.position = offset;
    this.#carry = EMPTY;
    this.#searching = false;
    this.#isAstray = false;
  }

  /** Goes on at `offset` behind a gap of unknown size: what was kept is skipped, and the next frame is searched for. */
  resume(offset: number): void {
    this.#tell(this.#carry.length);
    const isAstray = this.#isAstray;
    this.seek(offset);
    this.#isAstray = isAstray;
    this.#searching = true;
  }

  /** No more bytes will come: what is no whole frame is skipped, and frames behind it are found. */
  end(): void {
    let rest = this.#carry;
    this.#carry = EMPTY;
    while (rest.length > 0) {
      // Either the last frame is cut off, or its length lied.
      rest = rest.subarray(this.#searching ? this.#skip(0, rest.length, false) : this.#search(rest, 1));
      rest = rest.subarray(this.#decode(rest, 0));
    }
    this.#searching = false;
    this.#next.end();
  }

  #keep(bytes: Uint8Array, from: number): void {
    this.#carry = from === bytes.length ? EMPTY : Buffer.from(bytes.subarray(from));
  }

  /** The frame that was cut gets its rest; returns the index of the first byte behind it. */
  #complete(bytes: Uint8Array): number {
    const missing = this.#missing(bytes);
    const joined = join(this.#carry, bytes.subarray(0, missing));
    const used = this.#decode(joined, 0);
    if (used === joined.length) {
      this.#carry = EMPTY;
      return missing;
    }
    // Its end has not come yet, or it was no frame and the next one is to be found.
    const rest = join(joined.subarray(used), bytes.subarray(missing));
    this.#keep(rest, missing === bytes.length ? 0 : this.#decode(rest, 0));
    return bytes.length;
  }

  /** How many of the bytes belong to the frame that was cut. All of them, where that is not known. */
  #missing(bytes: Uint8Array): number {
    const { length } = this.#carry;
    if (this.#searching || length + bytes.length < LENGTH_BYTES) return bytes.length;
    const head = length < LENGTH_BYTES ? Buffer.concat([this.#carry, bytes.subarray(0, LENGTH_BYTES - length)]) : this.#carry;
    return Math.max(0, Math.min(bytes.length, LENGTH_BYTES + frameLength(head, 0) - length));
  }

  /** Returns the index of the first byte that was not used up. */
  #decode(bytes: Uint8Array, from: number): number {
    const { length } = bytes;
    let at = this.#searching ? this.#search(bytes, from) : from;
    while (!this.#searching && at + LENGTH_BYTES <= length) {
      const passed = this.#passOn(bytes, at);
      if (passed > at) {
        at = passed;
        continue;
      }
      const size = frameLength(bytes, at);
      const start = at + LENGTH_BYTES;
      const end = start + size;
      if (size === 0 || size > MAX_FRAME_BYTES || (end > length && isImplausible(bytes, start, size))) {
        at = this.#search(bytes, at + 1);
      } else if (end > length) {
        break;
      } else if (parseLogEntry(bytes, start, end, this.#entry)) {
        this.#entry.offset = this.position;
        this.position += end - at;
        this.#isAstray = false;
        at = end;
        this.#next.write(this.#entry);
      } else {
        at = this.#search(bytes, at + 1);
      }
    }
    return at;
  }

  /** Frames that need not be decoded here; returns where the first one begins that does. */
  #passOn(bytes: Uint8Array, at: number): number {
    const run = this.#run;
    run.bytes = bytes;
    run.at = at;
    this.#next.writeFrames?.(run);
    if (run.at > at) {
      this.position += run.at - at;
      this.#isAstray = false;
      this.#entry.seconds = run.seconds;
      this.#entry.nanos = run.nanos;
    }
    return run.at;
  }

  /** Finds the next frame at or after `from`; `position` is the offset of the byte the search began for. */
  #search(bytes: Uint8Array, from: number): number {
    const begin = this.#searching ? from : from - 1;
    let at = from;
    for (;;) {
      const signature = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(SIGNATURE, at + LENGTH_BYTES);
      if (signature < 0) break;
      at = signature - LENGTH_BYTES;
      const size = frameLength(bytes, at);
      if (size > 0 && size <= MAX_FRAME_BYTES) return this.#skip(begin, at, false);
      at++;
    }
    // The end may hold the beginning of a signature.
    return this.#skip(begin, Math.max(from, bytes.length - LENGTH_BYTES - SIGNATURE.length + 1), true);
  }

  #skip(from: number, to: number, searching: boolean): number {
    this.#searching = searching;
    this.position += to - from;
    this.#tell(to - from);
    return to;
  }

  #tell(bytes: number): void {
    if (bytes === 0) return;
    const places = this.#isAstray ? 0 : 1;
    this.#isAstray = true;
    this.#skipped(bytes, places);
  }
}

/** Where a cut frame and its rest meet. Decoding never nests and an entry is valid for one call, so it serves every session. */
let scratch = Buffer.allocUnsafeSlow(2 * LARGE_FRAME_BYTES);

function join(head: Uint8Array, tail: Uint8Array): Buffer {
  const length = head.length + tail.length;
  if (length > scratch.length) scratch = Buffer.allocUnsafeSlow(length);
  scratch.set(head);
  scratch.set(tail, head.length);
  return scratch.subarray(0, length);
}

function frameLength(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

/** Whether a frame whose end has not come yet begins as none does. */
function isImplausible(bytes: Uint8Array, start: number, size: number): boolean {
  if (size <= LARGE_FRAME_BYTES) return false;
  const seen = Math.min(SIGNATURE.length, bytes.length - start);
  for (let i = 0; i < seen; i++) if (bytes[start + i] !== SIGNATURE[i]) return true;
  return false;
}
