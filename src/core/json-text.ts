/**
 * Writes bytes as the inside of a JSON string, exactly as `JSON.stringify(new TextDecoder().decode(bytes))` would:
 * RFC 8259 escapes in their shortest form, invalid UTF-8 as U+FFFD per maximal subpart (Unicode 3.9, WHATWG Encoding).
 */
import type { ByteWriter } from './byte-writer.ts';

const HEX = Buffer.from('0123456789abcdef');
const BACKSLASH = 0x5c;
/** A byte becomes six at most (`\u0000`), so a block of this many needs 24 KiB of room. */
const BLOCK_BYTES = 4096;

/** 0: copied as it is. 1: written as \u00xx. 2: leads a sequence of UTF-8. Otherwise: the letter behind the backslash. */
const CLASS = new Uint8Array(256);
CLASS.fill(1, 0, 0x20);
CLASS.fill(2, 0x80);
for (const [byte, letter] of [[0x08, 'b'], [0x09, 't'], [0x0a, 'n'], [0x0c, 'f'], [0x0d, 'r'], [0x22, '"'], [0x5c, '\\']] as const) {
  CLASS[byte] = letter.charCodeAt(0);
}

/**
 * For four bytes at a time: views of the bytes read last and of the buffer written last. Both change once in some
 * hundred lines, and writing never nests, so one pair serves every session.
 */
class Views {
  from: DataView = new DataView(new ArrayBuffer(0));
  to: DataView = this.from;
  #read: Uint8Array | undefined;
  #written: Uint8Array | undefined;

  use(read: Uint8Array, written: Uint8Array): void {
    if (read !== this.#read) {
      this.#read = read;
      this.from = new DataView(read.buffer, read.byteOffset, read.length);
    }
    if (written !== this.#written) {
      this.#written = written;
      this.to = new DataView(written.buffer, written.byteOffset, written.length);
    }
  }
}

const views = new Views();

/** Appends bytes[start, end). */
export function writeJsonText(bytes: Uint8Array, start: number, end: number, out: ByteWriter): void {
  let at = start;
  while (at < end) at = writeBlock(bytes, at, Math.min(end, at + BLOCK_BYTES), end, out);
}

/**
 * Bit 7 of each byte of the result says that the byte is not copied as it is; only the lowest such bit can be relied
 * on. A byte below 0x20 borrows when 0x20 is taken from it, one that equals a mark is 0 once the mark is taken out by
 * xor and borrows when 1 is taken from it, and one of 0x80 and more has the bit itself.
 */
function special(four: number): number {
  return ((four - 0x20202020) | ((four ^ 0x22222222) - 0x01010101) | ((four ^ 0x5c5c5c5c) - 0x01010101) | four) & 0x80808080;
}

/** Writes what begins before `blockEnd`; a sequence may reach beyond it, never beyond `end`. Returns where it stopped. */
function writeBlock(bytes: Uint8Array, start: number, blockEnd: number, end: number, out: ByteWriter): number {
  // Four bytes are written even where fewer count.
  out.ensure((blockEnd - start) * 6 + 4);
  const { buffer } = out;
  views.use(bytes, buffer);
  const { from, to: target } = views;
  const lastFour = blockEnd - 4;
  let to = out.length;
  let at = start;
  while (at < blockEnd) {
    if (at <= lastFour) {
      const four = from.getInt32(at, true);
      target.setInt32(to, four, true);
      const marks = special(four);
      const plain = marks === 0 ? 4 : (31 - Math.clz32(marks & -marks)) >> 3;
      at += plain;
      to += plain;
      if (marks === 0) continue;
    }
    const byte = bytes[at] as number;
    const kind = CLASS[byte] as number;
    if (kind === 0) {
      buffer[to++] = byte;
      at++;
    } else if (kind === 2) {
      const size = sequenceLength(bytes, at, end);
      if (size > 0) {
        for (let i = 0; i < size; i++) buffer[to++] = bytes[at++] as number;
      } else {
        buffer[to++] = 0xef;
        buffer[to++] = 0xbf;
        buffer[to++] = 0xbd;
        at -= size;
      }
    } else {
      to = writeEscape(byte, kind, buffer, to);
      at++;
    }
  }
  out.length = to;
  return at;
}

/** Returns where to go on writing. */
function writeEscape(byte: number, kind: number, buffer: Uint8Array, at: number): number {
  let to = at;
  buffer[to++] = BACKSLASH;
  if (kind !== 1) {
    buffer[to++] = kind;
    return to;
  }
  buffer[to++] = 0x75;
  buffer[to++] = 0x30;
  buffer[to++] = 0x30;
  buffer[to++] = HEX[byte >> 4] as number;
  buffer[to++] = HEX[byte & 15] as number;
  return to;
}

/**
 * Length of the well-formed sequence at `at`, or minus the length of the maximal subpart that one U+FFFD replaces.
 * Source: The Unicode Standard, table 3-7.
 */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] as number;
  const size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size === 0) return -1;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  for (let i = 1; i < size; i++) {
    const byte = at + i < end ? bytes[at + i] as number : 0;
    if (i === 1 ? byte < low || byte > high : byte < 0x80 || byte > 0xbf) return -i;
  }
  return size;
}

/** The last place at or before `limit` where text[start, …) can be cut without splitting an escape or a character. */
export function cutJsonText(text: Uint8Array, start: number, limit: number): number {
  let at = start;
  for (;;) {
    const byte = text[at] as number;
    const size = byte === BACKSLASH ? (text[at + 1] === 0x75 ? 6 : 2)
      : byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    if (at + size > limit) return at;
    at += size;
  }
}
