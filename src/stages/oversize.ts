/** `nats-oversize=split`: a line whose message is larger than the server takes becomes several, none of which cuts a character in two. */
import type { LogEntry, Partial } from '../core/types.ts';

/** The longest character. */
const LEAST_PIECE_BYTES = 4;
/** Text of JSON is at least as long as the line: there is no use in trying more than this part of it. */
const FIRST_SHARE = 0.9;

class Piece implements LogEntry {
  readonly #line: LogEntry;
  start: number;
  end: number;
  partial: Partial;

  constructor(line: LogEntry, id: string) {
    this.#line = line;
    this.start = line.start;
    this.end = line.end;
    this.partial = { id, ordinal: 1, last: false };
  }

  get source(): LogEntry['source'] {
    return this.#line.source;
  }

  get seconds(): number {
    return this.#line.seconds;
  }

  get nanos(): number {
    return this.#line.nanos;
  }

  get bytes(): Uint8Array {
    return this.#line.bytes;
  }

  get offset(): number {
    return this.#line.offset;
  }
}

/**
 * Calls `write` for one piece after the other; it returns false for one that is too large, which is then made smaller.
 * Returns how many were written; 0: not even a small piece fits.
 */
export function split(line: LogEntry, write: (piece: LogEntry) => boolean): number {
  const { partial } = line;
  // Equal whenever the line is sent again.
  const id = partial === undefined ? line.offset.toString(36) : `${partial.id}.${partial.ordinal}`;
  const piece = new Piece(line, id);
  let count = 0;
  for (let size = Math.floor((line.end - line.start) * FIRST_SHARE); piece.start < line.end;) {
    piece.end = characterEnd(line, piece.start, Math.min(line.end, piece.start + size));
    piece.partial = { id, ordinal: count + 1, last: piece.end === line.end && (partial?.last ?? true) };
    if (write(piece)) {
      piece.start = piece.end;
      count++;
    } else {
      size = Math.floor(size / 2);
      if (size < LEAST_PIECE_BYTES) return count;
    }
  }
  return count;
}

/** The last end of a UTF-8 character at or before `end`, but behind `start`; what is not UTF-8 may be cut anywhere. */
function characterEnd({ bytes, end: lineEnd }: LogEntry, start: number, end: number): number {
  if (end === lineEnd) return end;
  for (let at = end; at > start && at > end - 4; at--) if (((bytes[at] as number) & 0xc0) !== 0x80) return at;
  return end;
}
