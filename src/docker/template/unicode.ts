/**
 * Character classes and 1:1 case mappings as Go's unicode package has them: JavaScript's full mappings ("ß" → "SS")
 * are not used, only the simple ones (UnicodeData.txt). The tables are those of the running Node.
 */
import { encodeRune, isAscii, runesOf } from './bytes.ts';

const LETTER = /^\p{L}$/u;
const DIGIT = /^\p{Nd}$/u;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const SPACE = /^\p{White_Space}$/u;

export function isLetter(code: number): boolean {
  return LETTER.test(String.fromCodePoint(code));
}

export function isDigit(code: number): boolean {
  return DIGIT.test(String.fromCodePoint(code));
}

export function isAlphaNumeric(code: number): boolean {
  return code === 0x5f || isLetter(code) || isDigit(code);
}

export function isPrintable(code: number): boolean {
  return code >= 0 && code <= 0x10ffff && PRINTABLE.test(String.fromCodePoint(code));
}

function single(mapped: string, otherwise: number): number {
  const code = mapped.codePointAt(0) ?? otherwise;
  return mapped.length === String.fromCodePoint(code).length ? code : otherwise;
}

/** Greek letters with iota subscript: the full mapping spells the iota out, the simple one has a code point of its own. */
function upperWithIota(code: number): number {
  const offset = code & 0xf;
  if (code >= 0x1f80 && code <= 0x1faf) return offset < 8 ? code + 8 : code;
  return code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3 ? code + 9 : code;
}

export function upperRune(code: number): number {
  return single(String.fromCodePoint(code).toUpperCase(), upperWithIota(code));
}

const DOTTED_CAPITAL_I = 0x130;

export function lowerRune(code: number): number {
  return code === DOTTED_CAPITAL_I ? 0x69 : single(String.fromCodePoint(code).toLowerCase(), code);
}

/** Title case differs from upper case for the four digraphs (Ǆ ǅ ǆ …) and for Georgian, which has none. */
export function titleRune(code: number): number {
  if (code >= 0x1c4 && code <= 0x1cc) return 0x1c5 + 3 * Math.floor((code - 0x1c4) / 3);
  if (code >= 0x1f1 && code <= 0x1f3) return 0x1f2;
  if (code >= 0x10d0 && code <= 0x10ff) return code;
  return upperRune(code);
}

function mapRunes(bytes: string, map: (code: number) => number): string {
  let out = '';
  for (const { code } of runesOf(bytes)) out += encodeRune(map(code));
  return out;
}

export function toUpper(bytes: string): string {
  return isAscii(bytes) ? bytes.toUpperCase() : mapRunes(bytes, upperRune);
}

export function toLower(bytes: string): string {
  return isAscii(bytes) ? bytes.toLowerCase() : mapRunes(bytes, lowerRune);
}

function separatesWords(code: number): boolean {
  if (code <= 0x7f) return !/\w/.test(String.fromCharCode(code));
  return !isLetter(code) && !isDigit(code) && SPACE.test(String.fromCodePoint(code));
}

/** Go's strings.Title: the first letter of every word, the rest is left alone. */
export function toTitle(bytes: string): string {
  let previous = 0x20;
  return mapRunes(bytes, (code) => {
    const mapped = separatesWords(previous) ? titleRune(code) : code;
    previous = code;
    return mapped;
  });
}
