/** Reads one LogEntry message (proto3). Source: moby daemon/logger/internal/logdriver/entry.proto. */
import type { Partial } from '../core/types.ts';
import type { EntryCursor } from './frame-decoder.ts';

const SOURCE = 0x0a; // field 1, length-delimited
const TIME_NANO = 0x10; // field 2, varint
const LINE = 0x1a; // field 3, length-delimited
const PARTIAL = 0x20; // field 4, varint
const METADATA = 0x2a; // field 5, length-delimited
const LAST = 0x08;
const ID = 0x12;
const ORDINAL = 0x18;

const BILLION = 1_000_000_000;
const TWO_28 = 2 ** 28;
const TWO_63 = 2 ** 63;

/** A reading position that stops at `end`; `failed` once something did not fit. */
class Reader {
  at = 0;
  end = 0;
  failed = false;
  /** The varint that is being read in parts goes on. */
  hasMore = false;
  bytes: Uint8Array = new Uint8Array(0);

  /** A varint modulo 2^32, unsigned. */
  uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) break;
      const byte = this.bytes[this.at++] as number;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    this.failed = true;
    return 0;
  }

  /** Reads a length and steps over that many bytes; returns where they begin. */
  block(): number {
    const size = this.uint32();
    const start = this.at;
    if (size > this.end - start) this.failed = true;
    else this.at += size;
    return start;
  }

  /** Steps over the value of an unknown field. Source: protobuf wire types 0, 1, 2 and 5; groups are not proto3. */
  skip(wireType: number): void {
    if (wireType === 0) this.uint32();
    else if (wireType === 2) this.block();
    else if (wireType === 1) this.at += 8;
    else if (wireType === 5) this.at += 4;
    else this.failed = true;
    if (this.at > this.end) this.failed = true;
  }
}

/** Decoding is synchronous and never nests, so one reader serves every session. */
const reader = new Reader();

/** Fills `entry` from the message bytes[start, end), all but its offset. False when it is no LogEntry. */
export function parseLogEntry(bytes: Uint8Array, start: number, end: number, entry: EntryCursor): boolean {
  reader.bytes = bytes;
  reader.at = start;
  reader.end = end;
  reader.failed = false;
  entry.bytes = bytes;
  entry.seconds = 0;
  entry.nanos = 0;
  entry.start = end;
  entry.end = end;
  entry.partial = undefined;
  let hasSource = false;
  let isPartial = false;
  let metadata: Partial | undefined;
  while (reader.at < end && !reader.failed) {
    const tag = reader.uint32();
    if (tag === SOURCE) {
      hasSource = readSource(entry);
    } else if (tag === TIME_NANO) {
      readTime(entry);
    } else if (tag === LINE) {
      entry.start = reader.block();
      entry.end = reader.at;
    } else if (tag === PARTIAL) {
      isPartial = reader.uint32() !== 0;
    } else if (tag === METADATA) {
      metadata = readMetadata();
    } else if (tag >>> 3 === 0) {
      return false;
    } else {
      reader.skip(tag & 7);
    }
  }
  // Engines before 18.09.7 send no metadata.
  if (isPartial) entry.partial = metadata ?? { id: '', ordinal: 0, last: false };
  return hasSource && !reader.failed;
}

/** "stdout" or "stderr"; nothing else is written by the engine. */
function readSource(entry: EntryCursor): boolean {
  const start = reader.block();
  const { bytes } = reader;
  if (reader.failed || reader.at - start !== 6 || bytes[start] !== 0x73 || bytes[start + 1] !== 0x74 || bytes[start + 2] !== 0x64) return false;
  entry.source = bytes[start + 3] === 0x6f ? 'stdout' : 'stderr';
  return true;
}

/**
 * An int64 of nanoseconds, split without BigInt. The quotient is estimated in floating point, whose error is far
 * below a second, so it is off by at most one; the true remainder is then below 2^31 in size, which makes 32-bit
 * wrap-around arithmetic exact.
 */
function readTime(entry: EntryCursor): void {
  const low = sevenBits(4);
  const middle = reader.hasMore ? sevenBits(4) : 0;
  const high = reader.hasMore ? sevenBits(1) : 0;
  // The tenth byte carries the sign of a two's complement number.
  const sign = reader.hasMore ? sevenBits(1) & 1 : 0;
  if (reader.hasMore) reader.failed = true;
  const value = (high * TWO_28 + middle) * TWO_28 + low - sign * TWO_63;
  let seconds = Math.floor(value / BILLION);
  let nanos = ((low | (middle << 28)) - Math.imul(seconds, BILLION)) | 0;
  if (nanos < 0) {
    nanos += BILLION;
    seconds--;
  } else if (nanos >= BILLION) {
    nanos -= BILLION;
    seconds++;
  }
  entry.seconds = seconds;
  entry.nanos = nanos;
}

/** Up to `count` bytes of a varint, seven bits each, the lowest first. */
function sevenBits(count: number): number {
  const { bytes, end } = reader;
  let { at } = reader;
  let value = 0;
  let byte = 0x80;
  for (let shift = 0; byte >= 0x80 && shift < 7 * count; shift += 7) {
    if (at >= end) {
      reader.failed = true;
      byte = 0;
      break;
    }
    byte = bytes[at++] as number;
    value |= (byte & 0x7f) << shift;
  }
  reader.at = at;
  reader.hasMore = byte >= 0x80;
  return value;
}

function readMetadata(): Partial {
  const start = reader.block();
  const outerEnd = reader.end;
  if (!reader.failed) {
    reader.end = reader.at;
    reader.at = start;
  }
  let last = false;
  let id = '';
  let ordinal = 0;
  while (reader.at < reader.end && !reader.failed) {
    const tag = reader.uint32();
    if (tag === LAST) {
      last = reader.uint32() !== 0;
    } else if (tag === ID) {
      const from = reader.block();
      id = Buffer.from(reader.bytes.subarray(from, reader.at)).toString('latin1');
    } else if (tag === ORDINAL) {
      ordinal = reader.uint32() | 0;
    } else {
      reader.skip(tag & 7);
    }
  }
  reader.end = outerEnd;
  return { id, ordinal, last };
}
