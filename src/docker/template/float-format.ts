/** Floats as text, digit for digit as Go's strconv.FormatFloat. Source: Go strconv/ftoa.go. */
import { decompose, formatHexFloat } from './hex-float.ts';

/** The value is 0.digits × 10^point. No digits at all is zero. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** JavaScript and Go agree on the shortest digits that read back as the same double. */
function shortest(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}

/** Every digit of the double: at most 767 of them. */
function exact(value: number): Decimal {
  const { mantissa, exponent } = decompose(value);
  if (mantissa === 0n) return { digits: '', point: 0 };
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const digits = scaled.toString();
  return { digits: digits.replace(/0+$/, ''), point: digits.length + Math.min(exponent, 0) };
}

/** Keeps `count` digits, half to even. */
function rounded({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point };
  if (count < 0) return { digits: '', point: 0 };
  const kept = digits.slice(0, count);
  const rest = digits.slice(count);
  const odd = count > 0 && Number(kept.at(-1)) % 2 === 1;
  const up = rest > '5' || (rest === '5' && odd);
  if (!up) return kept === '' ? { digits: '', point: 0 } : { digits: kept.replace(/0+$/, ''), point };
  const next = (BigInt(kept === '' ? 0 : kept) + 1n).toString();
  return { digits: next.replace(/0+$/, ''), point: point + (next.length > kept.length ? 1 : 0) };
}

function scientific({ digits, point }: Decimal, precision: number, letter: string): string {
  const exponent = digits === '' ? 0 : point - 1;
  const first = digits.charAt(0) || '0';
  const fraction = precision > 0 ? `.${digits.slice(1, precision + 1).padEnd(precision, '0')}` : '';
  return `${first}${fraction}${letter}${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function positional({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (precision <= 0) return whole;
  const fraction = '0'.repeat(Math.max(0, Math.min(-point, precision))) + digits.slice(Math.max(point, 0));
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`;
}

/** The shortest form turns to exponents at this many digits before the point. */
const SHORTEST_EXPONENT_FROM = 6;

function general(value: number, precision: number, letter: string): string {
  const isShortest = precision < 0;
  const wanted = precision === 0 ? 1 : precision;
  const decimal = isShortest ? shortest(value) : rounded(exact(value), wanted);
  const { digits, point } = decimal;
  const count = digits.length;
  const threshold = isShortest ? SHORTEST_EXPONENT_FROM : wanted > count && count >= point ? count : wanted;
  const exponent = point - 1;
  const shown = isShortest ? count : Math.min(wanted, count);
  if (exponent < -4 || exponent >= threshold) return scientific(decimal, Math.max(shown - 1, 0), letter);
  return positional(decimal, Math.max(count - point, 0));
}

function binary(value: number): string {
  const { mantissa, exponent } = decompose(value);
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
}

function magnitude(value: number, verb: string, precision: number): string {
  switch (verb) {
    case 'e': case 'E': {
      const decimal = precision < 0 ? shortest(value) : rounded(exact(value), precision + 1);
      return scientific(decimal, precision < 0 ? Math.max(decimal.digits.length - 1, 0) : precision, verb);
    }
    case 'f': {
      const whole = precision < 0 ? shortest(value) : exact(value);
      const decimal = precision < 0 ? whole : rounded(whole, whole.point + precision);
      return positional(decimal, precision < 0 ? Math.max(decimal.digits.length - decimal.point, 0) : precision);
    }
    case 'x': return formatHexFloat(value, precision);
    case 'X': return formatHexFloat(value, precision).toUpperCase();
    case 'b': return binary(value);
    default: return general(value, precision, verb === 'G' ? 'E' : 'e');
  }
}

/** `verb` is one of b e E f g G x X; precision -1 asks for the shortest text. The value is finite. */
export function formatFloat(value: number, verb: string, precision: number): string {
  const negative = value < 0 || Object.is(value, -0);
  return (negative ? '-' : '') + magnitude(Math.abs(value), verb, precision);
}
