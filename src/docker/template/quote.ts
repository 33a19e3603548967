/** Go's string and character constants, written and read. Source: Go strconv/quote.go. */
import { RUNE_ERROR, decodeRune, encodeRune, runesOf } from './bytes.ts';
import { isPrintable } from './unicode.ts';

const SHORT_ESCAPES = new Map([[7, '\\a'], [8, '\\b'], [9, '\\t'], [10, '\\n'], [11, '\\v'], [12, '\\f'], [13, '\\r'], [92, '\\\\']]);

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

function escapeRune(code: number, quote: string, asciiOnly: boolean): string {
  if (code === quote.charCodeAt(0)) return `\\${quote}`;
  const short = SHORT_ESCAPES.get(code);
  if (short !== undefined) return short;
  if (isPrintable(code) && (!asciiOnly || code < 0x80)) return encodeRune(code);
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

/** `asciiOnly` is what `%+q` asks for. */
export function quoteString(bytes: string, asciiOnly = false): string {
  let out = '"';
  let at = 0;
  for (const { code, size } of runesOf(bytes)) {
    const invalid = code === RUNE_ERROR && size === 1;
    out += invalid ? `\\x${hex(bytes.charCodeAt(at), 2)}` : escapeRune(code, '"', asciiOnly);
    at += size;
  }
  return `${out}"`;
}

export function quoteRune(code: number, asciiOnly = false): string {
  const valid = code >= 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return `'${escapeRune(valid ? code : RUNE_ERROR, "'", asciiOnly)}'`;
}

/** Whether the text can stand between backquotes unchanged. */
export function canBackquote(bytes: string): boolean {
  for (const { code, size } of runesOf(bytes)) {
    if (code === 0xfeff || code === 0x60 || code === 0x7f || (code < 0x20 && code !== 9)) return false;
    if (code === RUNE_ERROR && size === 1) return false;
  }
  return true;
}

export interface Unquoted {
  /** The bytes that the character stands for. */
  readonly bytes: string;
  readonly code: number;
  /** Where the next character begins. */
  readonly next: number;
}

const CONTROL_ESCAPES = new Map([['a', 7], ['b', 8], ['f', 12], ['n', 10], ['r', 13], ['t', 9], ['v', 11], ['\\', 92]]);
const HEX_LENGTHS = new Map([['x', 2], ['u', 4], ['U', 8]]);

function numericEscape(text: string, at: number): Unquoted | undefined {
  const kind = text.charAt(at);
  const hexLength = HEX_LENGTHS.get(kind);
  const start = hexLength === undefined ? at : at + 1;
  const digits = text.slice(start, start + (hexLength ?? 3));
  const wellFormed = hexLength === undefined ? /^[0-7]{3}$/.test(digits) : digits.length === hexLength && /^[0-9a-fA-F]+$/.test(digits);
  if (!wellFormed) return undefined;
  const code = Number.parseInt(digits, hexLength === undefined ? 8 : 16);
  const next = start + digits.length;
  if (kind === 'u' || kind === 'U') {
    return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? undefined : { bytes: encodeRune(code), code, next };
  }
  return code > 0xff ? undefined : { bytes: String.fromCharCode(code), code, next };
}

/** One character of a constant between `quote`s; undefined when it is malformed. Source: strconv.UnquoteChar. */
export function unquoteChar(text: string, at: number, quote: string): Unquoted | undefined {
  const first = text.charAt(at);
  if (first === '' || first === quote) return undefined;
  if (first !== '\\') {
    const { code, size } = decodeRune(text, at);
    return { bytes: encodeRune(code), code, next: at + size };
  }
  const kind = text.charAt(at + 1);
  const control = kind === quote ? quote.charCodeAt(0) : CONTROL_ESCAPES.get(kind);
  if (control !== undefined) return { bytes: String.fromCharCode(control), code: control, next: at + 2 };
  return numericEscape(text, at + 1);
}

function unquoteInterpreted(body: string): string | undefined {
  if (!/["\\\n]/.test(body)) return body;
  let out = '';
  for (let at = 0; at < body.length; ) {
    const char = body.charAt(at) === '\n' ? undefined : unquoteChar(body, at, '"');
    if (char === undefined) return undefined;
    out += char.bytes;
    at = char.next;
  }
  return out;
}

/** A whole string constant, `"…"` or `` `…` ``; undefined when it is malformed. */
export function unquote(constant: string): string | undefined {
  const body = constant.slice(1, -1);
  if (constant.startsWith('`')) return body.replaceAll('\r', '');
  return unquoteInterpreted(body);
}
