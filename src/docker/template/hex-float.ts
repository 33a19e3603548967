/** Hexadecimal floating point, `0x1.8p3`: read and written, both rounding half to even. Source: Go strconv. */

const MANTISSA_BITS = 53;
const MIN_EXPONENT = -1074;

/** mantissa >> drop, rounded half to even. */
function shiftRounded(mantissa: bigint, drop: number): bigint {
  if (drop <= 0) return mantissa;
  const half = 1n << BigInt(drop - 1);
  const rest = mantissa & ((half << 1n) - 1n);
  const kept = mantissa >> BigInt(drop);
  return rest > half || (rest === half && (kept & 1n) === 1n) ? kept + 1n : kept;
}

/** Undefined when the value is too large. The text is well-formed. */
export function hexFloat(text: string): number | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = ''] = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)p(.*)$/i.exec(text) ?? [];
  if (whole + fraction === '') return undefined;
  const mantissa = BigInt(`0x${whole}${fraction}`);
  const bits = mantissa === 0n ? 0 : mantissa.toString(2).length;
  // A constant is far shorter than this exponent is large, so the cut does not change the result.
  const power = Math.max(-1e6, Math.min(1e6, Number(exponent))) - 4 * fraction.length;
  if (bits + power < MIN_EXPONENT - 1 || bits === 0) return sign === '-' ? -0 : 0;
  if (bits + power > 1025) return undefined;
  const drop = Math.max(bits - MANTISSA_BITS, MIN_EXPONENT - power, 0);
  const kept = Number(shiftRounded(mantissa, drop));
  const shift = power + drop;
  // In two steps, because 2 ** -1074 times a large number is exact while 2 ** -1100 is not a number at all.
  const value = shift < -1000 ? kept * 2 ** -1000 * 2 ** (shift + 1000) : kept * 2 ** shift;
  return sign === '-' ? -value : value;
}

/** Value = mantissa × 2^exponent, exactly. The value is finite and not negative. */
export function decompose(value: number): { mantissa: bigint; exponent: number } {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xf_ffff_ffff_ffffn;
  return biased === 0 ? { mantissa: fraction, exponent: MIN_EXPONENT } : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

/** Go's 'x' format: one digit before the point; precision -1 means as many as needed. The value is finite, ≥ 0. */
export function formatHexFloat(value: number, precision: number): string {
  let { mantissa, exponent } = decompose(value);
  if (mantissa === 0n) return `0x0${precision > 0 ? `.${'0'.repeat(precision)}` : ''}p+00`;
  const missing = MANTISSA_BITS - mantissa.toString(2).length;
  mantissa <<= BigInt(missing);
  exponent += 52 - missing;
  if (precision >= 0 && precision < 13) mantissa = shiftRounded(mantissa, 52 - precision * 4) << BigInt(52 - precision * 4);
  if (mantissa >> 53n) {
    mantissa >>= 1n;
    exponent++;
  }
  const digits = (mantissa & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, '0');
  const shown = precision < 0 ? digits.replace(/0+$/, '') : digits.slice(0, precision).padEnd(precision, '0');
  const power = `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  return `0x1${shown === '' ? '' : `.${shown}`}p${power}`;
}
