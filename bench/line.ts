/**
 * The lines that are fed: `n=` and the line's number within its container, `t=` and the microsecond of its writing on
 * the machine's monotonic clock, then something like an access log. Numbers have a fixed width, to be changed in place.
 */

const FILLER = '10.4.7.19 - - "GET /api/v1/orders/7f3c91?limit=20 HTTP/1.1" 200 5321 0.018 ';
export const NUMBER_AT = 2;
export const NUMBER_DIGITS = 9;
export const CLOCK_AT = NUMBER_AT + NUMBER_DIGITS + 3;
export const CLOCK_DIGITS = 15;
const ZERO = 0x30;

/** Line 0 at time 0. Tells a line of the bench from any other text by its first two characters. */
export function blankLine(bytes: number): string {
  const head = `n=${'0'.repeat(NUMBER_DIGITS)} t=${'0'.repeat(CLOCK_DIGITS)} `;
  return (head + FILLER.repeat(Math.ceil(bytes / FILLER.length))).slice(0, bytes);
}

/** What stands behind the numbers. */
export function fillerOf(line: string): string {
  return line.slice(CLOCK_AT + CLOCK_DIGITS);
}

export function writeDigits(bytes: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = Math.floor(rest / 10);
    bytes[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
}

export function readDigits(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) value = value * 10 + (bytes[i] as number) - ZERO;
  return value;
}

/** Microseconds of CLOCK_MONOTONIC, the same in all processes of a machine. */
export function clockMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
