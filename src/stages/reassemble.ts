/**
 * Puts lines together that the engine split at 16 KiB. Source: moby daemon/logger/copier.go.
 *
 * A piece that fills the engine's buffer goes on in the next one, unless the newline was seen; a shorter one ends
 * the line, whether it says `last` or not (output that ends without a newline never does). A line is held for a
 * bounded time and size only, since everything behind its first piece stays unconfirmed as long: then it is
 * published in pieces that say so.
 */
import type { EntrySink, FrameRun, LogEntry, Partial, Source } from '../core/types.ts';

/** The engine's buffer per source: `defaultBufSize` in moby daemon/logger/copier.go. */
const ENGINE_PIECE_BYTES = 16 * 1024;
/** A longer line is published in pieces of this size: nats-server's default max_payload. */
export const MAX_LINE_BYTES = 1024 * 1024;
/** Most lines that are split at all are a few pieces long. */
const FIRST_BUFFER_BYTES = 4 * ENGINE_PIECE_BYTES;

const NOTHING = Buffer.alloc(0);

/** Memory for held lines, shared by all sessions. In bytes. */
export class HeldBytes {
  used = 0;
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }
}

/** The line that one source has begun and not ended. Is the entry that is passed on, too. */
class HeldLine implements LogEntry {
  readonly source: Source;
  seconds = 0;
  nanos = 0;
  bytes: Buffer = NOTHING;
  readonly start = 0;
  end = 0;
  partial: Partial | undefined = undefined;
  offset = 0;

  id = '';
  /** The engine's ordinal of the first piece in `bytes`: the same whenever the line is put together again. */
  ordinal = 0;
  isOpen = false;
  /** A piece has come that was not passed on; it may be empty. */
  isPending = false;
  /** Whether earlier bytes of the line were published already, or lost. */
  isContinued = false;

  constructor(source: Source) {
    this.source = source;
  }
}

export class Reassembler implements EntrySink {
  readonly #next: EntrySink;
  readonly #held: HeldBytes;
  readonly #full: (offset: number) => void;
  readonly #stdout = new HeldLine('stdout');
  readonly #stderr = new HeldLine('stderr');

  /** `full` is told of an entry for which the memory for held lines has no room, and calls `release`. */
  constructor(next: EntrySink, held: HeldBytes, full: (offset: number) => void = () => this.release()) {
    this.#next = next;
    this.#held = held;
    this.#full = full;
  }

  /** Offset of the oldest entry held, or Infinity. */
  get heldFrom(): number {
    return Math.min(openOffset(this.#stdout), openOffset(this.#stderr));
  }

  /** While a line is held, each entry may be the rest of it. */
  writeFrames(run: FrameRun): void {
    if (!this.#stdout.isOpen && !this.#stderr.isOpen) this.#next.writeFrames?.(run);
  }

  write(entry: LogEntry): void {
    const line = entry.source === 'stdout' ? this.#stdout : this.#stderr;
    const { partial } = entry;
    if (line.isOpen && partial?.id !== line.id) this.#finish(line);
    if (partial === undefined) {
      this.#next.write(entry);
      return;
    }
    this.#add(line, entry, partial);
    if (!goesOn(entry)) this.#finish(line);
  }

  /** Publishes the held lines as far as they came; what follows of them will be marked as further pieces. */
  release(): void {
    if (this.#stdout.end > 0) this.#publishPiece(this.#stdout, false);
    if (this.#stderr.end > 0) this.#publishPiece(this.#stderr, false);
  }

  /** Forgets the held lines: they will be read again. */
  reset(): void {
    this.#close(this.#stdout);
    this.#close(this.#stderr);
  }

  end(): void {
    if (this.#stdout.isOpen) this.#finish(this.#stdout);
    if (this.#stderr.isOpen) this.#finish(this.#stderr);
    this.#next.end();
  }

  #add(line: HeldLine, entry: LogEntry, partial: Partial): void {
    if (!line.isOpen) this.#begin(line, entry, partial);
    const size = entry.end - entry.start;
    if (line.end > 0 && line.end + size > MAX_LINE_BYTES) this.#publishPiece(line, false);
    if (line.end > 0 && this.#held.used + size > this.#held.limit) this.#full(entry.offset);
    if (line.end === 0) {
      line.offset = entry.offset;
      // Engines before 18.09.7 do not count.
      line.ordinal = partial.ordinal > 0 ? partial.ordinal : line.ordinal + 1;
    }
    this.#append(line, entry);
    line.isPending = true;
  }

  #begin(line: HeldLine, entry: LogEntry, partial: Partial): void {
    line.isOpen = true;
    line.isContinued = partial.ordinal > 1;
    line.id = partial.id;
    line.ordinal = 0;
    line.seconds = entry.seconds;
    line.nanos = entry.nanos;
    line.end = 0;
  }

  #append(line: HeldLine, entry: LogEntry): void {
    const size = entry.end - entry.start;
    if (line.end + size > line.bytes.length) this.#resize(line, Math.max(FIRST_BUFFER_BYTES, 2 * (line.end + size)));
    line.bytes.set(entry.bytes.subarray(entry.start, entry.end), line.end);
    line.end += size;
  }

  #resize(line: HeldLine, size: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.min(size, MAX_LINE_BYTES + ENGINE_PIECE_BYTES));
    bytes.set(line.bytes.subarray(0, line.end));
    this.#held.used += bytes.length - line.bytes.length;
    line.bytes = bytes;
  }

  #finish(line: HeldLine): void {
    // Where its pieces are gone already, and no more came, no piece says that it is the last.
    if (line.isPending) this.#publishPiece(line, true);
    this.#close(line);
  }

  #publishPiece(line: HeldLine, last: boolean): void {
    line.partial = last && !line.isContinued ? undefined : { id: line.id, ordinal: line.ordinal, last };
    this.#next.write(line);
    line.isContinued = true;
    line.isPending = false;
    line.end = 0;
  }

  #close(line: HeldLine): void {
    this.#held.used -= line.bytes.length;
    line.isOpen = false;
    line.isPending = false;
    line.end = 0;
    line.bytes = NOTHING;
  }
}

/** Whether the engine sends more of the entry's line. Its rules: see above. */
export function goesOn({ partial, start, end }: LogEntry): boolean {
  return partial !== undefined && !partial.last && end - start >= ENGINE_PIECE_BYTES;
}

/** A line whose pieces are all published holds nothing back. */
function openOffset(line: HeldLine): number {
  return line.isOpen && line.end > 0 ? line.offset : Number.POSITIVE_INFINITY;
}
