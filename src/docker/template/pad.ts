/** How one value is laid out: the flags of a printf verb and what they do to numbers and text. Source: Go fmt/format.go. */
import { encodeRune, runeCount, runeOffset } from './bytes.ts';
import { formatFloat } from './float-format.ts';
import { canBackquote, quoteRune, quoteString } from './quote.ts';
import { isPrintable } from './unicode.ts';

export interface Flags {
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  /** `%+v` */
  plusV: boolean;
  /** `%#v` */
  sharpV: boolean;
  width: number | undefined;
  precision: number | undefined;
}

export function noFlags(): Flags {
  return {
    plus: false, minus: false, sharp: false, space: false, zero: false, plusV: false, sharpV: false,
    width: undefined, precision: undefined,
  };
}

/** Width counts characters, not bytes. */
export function pad(text: string, flags: Flags, filler = flags.zero ? '0' : ' '): string {
  if (flags.width === undefined) return text;
  const padding = filler.repeat(Math.max(0, flags.width - runeCount(text)));
  return flags.minus ? text + padding : padding + text;
}

export function cut(text: string, flags: Flags): string {
  return flags.precision === undefined ? text : text.slice(0, runeOffset(text, flags.precision));
}

export function layText(text: string, flags: Flags): string {
  return pad(cut(text, flags), flags);
}

export function layQuoted(text: string, flags: Flags): string {
  const shown = cut(text, flags);
  if (flags.sharp && canBackquote(shown)) return pad(`\`${shown}\``, flags);
  return pad(quoteString(shown, flags.plus), flags);
}

export function layHex(text: string, flags: Flags, upper: boolean): string {
  const bytes = flags.precision === undefined ? text : text.slice(0, flags.precision);
  if (bytes === '') return pad('', flags);
  const prefix = flags.sharp ? '0x' : '';
  const pairs = Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0'));
  const shown = flags.space ? pairs.map((pair) => prefix + pair).join(' ') : prefix + pairs.join('');
  return pad(upper ? shown.toUpperCase() : shown, flags);
}

const BASES = new Map([['b', 2], ['o', 8], ['O', 8], ['x', 16], ['X', 16]]);

function signOf(negative: boolean, flags: Flags): string {
  if (negative) return '-';
  return flags.plus ? '+' : flags.space ? ' ' : '';
}

function basePrefix(verb: string, digits: string, flags: Flags): string {
  const letter = verb === 'O' ? '0o' : '';
  if (!flags.sharp) return letter;
  switch (BASES.get(verb)) {
    case 2: return '0b';
    case 8: return letter + (digits.startsWith('0') ? '' : '0');
    case 16: return verb === 'X' ? '0X' : '0x';
    default: return letter;
  }
}

/** `verb` is one of b d o O x X. A precision is the least number of digits; so is the width with the zero flag. */
export function layInteger(value: bigint, verb: string, flags: Flags): string {
  if (flags.precision === 0 && value === 0n) return pad('', flags, ' ');
  const negative = value < 0n;
  const sign = signOf(negative, flags);
  const plain = (negative ? -value : value).toString(BASES.get(verb) ?? 10);
  const zeros = flags.precision ?? (flags.zero && flags.width !== undefined ? flags.width - sign.length : 0);
  const digits = (verb === 'X' ? plain.toUpperCase() : plain).padStart(zeros, '0');
  return pad(sign + basePrefix(verb, digits, flags) + digits, flags, ' ');
}

/** `%U` */
export function layCodePoint(value: bigint, flags: Flags): string {
  const code = BigInt.asUintN(64, value);
  const digits = code.toString(16).toUpperCase().padStart(Math.max(4, flags.precision ?? 0), '0');
  const shown = flags.sharp && code <= 0x10ffffn && isPrintable(Number(code)) ? ` '${encodeRune(Number(code))}'` : '';
  return pad(`U+${digits}${shown}`, flags, ' ');
}

function codeOf(value: bigint): number {
  return value < 0n || value > 0x10ffffn ? 0xfffd : Number(value);
}

/** `%c` and, quoted, `%q` */
export function layRune(value: bigint, flags: Flags, quoted: boolean): string {
  return pad(quoted ? quoteRune(codeOf(value), flags.plus) : encodeRune(codeOf(value)), flags);
}

/** The sharp flag keeps the point and the zeros behind it. `number` has no sign. */
function withTrailingZeros(number: string, verb: string, precision: number): string {
  const exponentAt = number.search(verb === 'x' || verb === 'X' ? /[pP]/ : /[eEpP]/);
  const head = exponentAt < 0 ? number : number.slice(0, exponentAt);
  const tail = exponentAt < 0 ? '' : number.slice(exponentAt);
  const counted = verb === 'g' || verb === 'G' || verb === 'x';
  const significant = head.replace('.', '').replace(/^0+/, '').length;
  const leadingZero = head === '0' ? 1 : 0;
  const wanted = counted ? (precision < 0 ? 6 : precision) : 0;
  const missing = Math.max(0, wanted - significant - leadingZero);
  return head + (head.includes('.') ? '' : '.') + '0'.repeat(missing) + tail;
}

/** `verb` as for formatFloat; precision -1 asks for the shortest text. */
export function layFloat(value: number, verb: string, defaultPrecision: number, flags: Flags): string {
  const precision = flags.precision ?? defaultPrecision;
  const text = formatFloat(value, verb, precision);
  const negative = text.startsWith('-');
  const sign = signOf(negative, flags);
  const plain = negative ? text.slice(1) : text;
  const number = flags.sharp && verb !== 'b' ? withTrailingZeros(plain, verb, precision) : plain;
  if (!flags.zero || sign === '' || flags.width === undefined) return pad(sign + number, flags);
  return sign + number.padStart(flags.width - 1, '0');
}
