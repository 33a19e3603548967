/** Writing whole numbers into a buffer without making strings of them. */
const ZERO = 0x30;

/** Decimal digits of a whole number from 0 to 2^52. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}

/** Writes the digits so that the last one stands at `last`; what stands before them is left alone. */
export function writeDigits(buffer: Buffer, value: number, last: number): void {
  let at = last;
  let rest = value;
  do {
    const next = Math.floor(rest / 10);
    buffer[at--] = ZERO + rest - next * 10;
    rest = next;
  } while (rest > 0);
}
