/**
 * Go strings are bytes. Inside the template engine every string is a *byte string*: a JS string whose code units are
 * 0-255, one per byte of UTF-8. `length`, indexing, slicing and `<` then mean exactly what they mean in Go.
 */

/** What Go puts in the place of bytes that are not UTF-8. */
export const RUNE_ERROR = 0xfffd;

export interface Rune {
  readonly code: number;
  /** In bytes; 1 for an invalid byte, 0 only behind the end. */
  readonly size: number;
}

export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Bytes that are no valid UTF-8 become U+FFFD. */
export function fromBytes(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Smallest second byte that does not make an overlong sequence, largest that stays below surrogates and U+10FFFF. */
function secondByteRange(first: number): readonly [number, number] {
  if (first === 0xe0) return [0xa0, 0xbf];
  if (first === 0xed) return [0x80, 0x9f];
  if (first === 0xf0) return [0x90, 0xbf];
  if (first === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}

function sequenceLength(first: number): number {
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

export function decodeRune(bytes: string, at: number): Rune {
  if (at >= bytes.length) return { code: RUNE_ERROR, size: 0 };
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return { code: first, size: 1 };
  const size = sequenceLength(first);
  if (size === 0 || at + size > bytes.length) return { code: RUNE_ERROR, size: 1 };
  const [low, high] = secondByteRange(first);
  const second = bytes.charCodeAt(at + 1);
  if (second < low || second > high) return { code: RUNE_ERROR, size: 1 };
  let code = ((first & (0x7f >> size)) << 6) | (second & 0x3f);
  for (let index = at + 2; index < at + size; index++) {
    const next = bytes.charCodeAt(index);
    if (next < 0x80 || next > 0xbf) return { code: RUNE_ERROR, size: 1 };
    code = (code << 6) | (next & 0x3f);
  }
  return { code, size };
}

/** Surrogates and anything above U+10FFFF become U+FFFD, as in Go. */
export function encodeRune(code: number): string {
  if (code >= 0 && code < 0x80) return String.fromCharCode(code);
  const valid = code >= 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return toBytes(String.fromCodePoint(valid ? code : RUNE_ERROR));
}

export function* runesOf(bytes: string): Generator<Rune> {
  for (let at = 0; at < bytes.length; ) {
    const rune = decodeRune(bytes, at);
    yield rune;
    at += rune.size;
  }
}

const ASCII_ONLY = /^[\x00-\x7f]*$/;

export function isAscii(bytes: string): boolean {
  return ASCII_ONLY.test(bytes);
}

export function runeCount(bytes: string): number {
  if (isAscii(bytes)) return bytes.length;
  let count = 0;
  for (let at = 0; at < bytes.length; at += decodeRune(bytes, at).size) count++;
  return count;
}

/** Where the rune of this number begins, or the end of the text when there are fewer. */
export function runeOffset(bytes: string, runes: number): number {
  let at = 0;
  for (let left = runes; left > 0 && at < bytes.length; left--) at += decodeRune(bytes, at).size;
  return at;
}
