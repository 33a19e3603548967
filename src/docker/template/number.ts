/**
 * Number constants. Go's are "ideal": one constant can serve as several types, so each is kept under every type that
 * can represent it. Source: Go text/template/parse/node.go, strconv/atoi.go, strconv/atof.go.
 */
import { hexFloat } from './hex-float.ts';
import { quoteString, unquoteChar } from './quote.ts';

export interface NumberConstant {
  /** Fits int64. */
  readonly int?: bigint;
  /** Fits uint64. */
  readonly uint?: bigint;
  readonly float?: number;
  readonly complex?: { readonly re: number; readonly im: number };
}

export type NumberKind = 'number' | 'complex' | 'charConstant';

const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** No part can match what the part before it could have, so that matching takes linear time. */
const FLOAT = '(?:0[xX][0-9a-fA-F]*(?:\\.[0-9a-fA-F]*)?[pP][+-]?[0-9]+|(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)';
const WHOLE_FLOAT = new RegExp(`^[+-]?${FLOAT}$`);
const WHOLE_COMPLEX = new RegExp(`^([+-]?${FLOAT})([+-]${FLOAT})i$`);

/** Separators stand between digits, or between a base prefix and a digit. Undefined when one stands elsewhere. */
function stripUnderscores(text: string): string | undefined {
  if (!text.includes('_')) return text;
  const isHex = /^[+-]?0[xX]/.test(text);
  const judged = text.replace(/^([+-]?)0[xXbBoO]/, '$10');
  const misplaced = isHex ? /(?<![0-9a-fA-F])_|_(?![0-9a-fA-F])/ : /(?<![0-9])_|_(?![0-9])/;
  return misplaced.test(judged) ? undefined : text.replaceAll('_', '');
}

function parseInteger(text: string): bigint | undefined {
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/.exec(text);
  if (match === null) return undefined;
  const [, sign, digits = ''] = match;
  const magnitude = BigInt(digits.toLowerCase().replace(/^0(?=[0-7])/, '0o'));
  return sign === '-' ? -magnitude : magnitude;
}

function parseFloat64(text: string): number | undefined {
  if (!WHOLE_FLOAT.test(text)) return undefined;
  const value = /^[+-]?0[xX]/.test(text) ? hexFloat(text) : Number(text);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

function isExactInteger(value: number, low: bigint, high: bigint): boolean {
  return Number.isInteger(value) && BigInt(value) >= low && BigInt(value) <= high;
}

function fromFloat(float: number): NumberConstant {
  return {
    float,
    ...(isExactInteger(float, MIN_INT64, MAX_INT64) ? { int: BigInt(float) } : {}),
    ...(isExactInteger(float, 0n, MAX_UINT64) ? { uint: BigInt(float) } : {}),
  };
}

function fromComplex(re: number, im: number): NumberConstant {
  return { complex: { re, im }, ...(im === 0 ? fromFloat(re) : {}) };
}

function fromInteger(integer: bigint, text: string): NumberConstant | undefined {
  const isInt = integer >= MIN_INT64 && integer <= MAX_INT64;
  const isUint = integer <= MAX_UINT64 && (integer === 0n || /^[0-9]/.test(text));
  if (!isInt && !isUint) return undefined;
  return { ...(isInt ? { int: integer } : {}), ...(isUint ? { uint: integer } : {}), float: Number(integer) };
}

function parseCharConstant(text: string): NumberConstant {
  const char = unquoteChar(text, 1, "'");
  if (char === undefined) throw new Error('invalid syntax');
  if (char.next !== text.length - 1) throw new Error(`malformed character constant: ${text}`);
  const code = BigInt(char.code);
  return { int: code, uint: code, float: char.code };
}

function parseComplex(text: string): NumberConstant | undefined {
  const [, re = '', im = ''] = WHOLE_COMPLEX.exec(text) ?? [];
  const real = parseFloat64(re);
  const imaginary = parseFloat64(im);
  return real === undefined || imaginary === undefined ? undefined : fromComplex(real, imaginary);
}

function parseImaginary(text: string): NumberConstant | undefined {
  const imaginary = parseFloat64(text.slice(0, -1));
  return imaginary === undefined ? undefined : fromComplex(0, imaginary);
}

function parseReal(text: string): NumberConstant | undefined {
  const integer = parseInteger(text);
  const constant = integer === undefined ? undefined : fromInteger(integer, text);
  if (constant !== undefined) return constant;
  const float = parseFloat64(text);
  if (float === undefined) return undefined;
  if (!/[.eEpP]/.test(text)) throw new Error(`integer overflow: ${quoteString(text)}`);
  return fromFloat(float);
}

/** Throws an Error that says what is wrong with the constant. */
export function parseNumber(text: string, kind: NumberKind): NumberConstant {
  if (kind === 'charConstant') return parseCharConstant(text);
  const digits = stripUnderscores(text);
  const parse = kind === 'complex' ? parseComplex : text.endsWith('i') ? parseImaginary : parseReal;
  const constant = digits === undefined ? undefined : parse(digits);
  if (constant === undefined) throw new Error(`illegal number syntax: ${quoteString(text)}`);
  return constant;
}
