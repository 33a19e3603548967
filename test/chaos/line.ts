/**
 * The lines that goals let containers write: container, number and the microsecond of writing in digits of a fixed width, so that they are
 * changed in place; a check over the three; then text that a JSON encoder has work with.
 */
/** Microseconds of CLOCK_MONOTONIC, the same in all processes of a machine. */
export const clockMicros = (): number => Number(process.hrtime.bigint() / 1000n);

/** Name of the container with that index. */
export const nameOf = (container: number): string => `c${container}`;

const CONTAINER = { at: 2, digits: 5 };
const NUMBER = { at: 10, digits: 9 };
const TIME = { at: 22, digits: 15 };
const CHECK = { at: 40, digits: 6 };
const FIELDS = [CONTAINER, NUMBER, TIME, CHECK];
const HEAD = `c=${'0'.repeat(5)} n=${'0'.repeat(9)} t=${'0'.repeat(15)} k=${'0'.repeat(6)} `;
const FILLER = '10.4.7.19 "GET /api/v1/orders?limit=20&sort=<id>" C:\\tmp 世界 é 200 5321 ';

/** `bytes` of text, all digits zero. At least as many as the digits need. */
export function blankLine(bytes: number): Buffer {
  const text = Buffer.from(HEAD + FILLER.repeat(Math.ceil(bytes / FILLER.length))).subarray(0, bytes);
  // A character may have been cut in two.
  return Buffer.from(text.toString('utf8').replace(/\ufffd+$/, '').padEnd(bytes, '.')).subarray(0, bytes);
}

function checkOf(container: number, number: number, micros: number): number {
  return (container * 7 + number * 31 + micros * 3) % 1_000_000;
}

/** Stamps the line that begins at `at` with its container, its number and the present. */
export function stamp(bytes: Uint8Array, at: number, container: number, number: number): void {
  const micros = clockMicros();
  const values = [container, number, micros, checkOf(container, number, micros)];
  FIELDS.forEach((field, i) => writeDigits(bytes, at + field.at, field.digits, values[i] as number));
}

export interface Stamp {
  readonly container: number;
  readonly number: number;
  /** Of the machine's monotonic clock. */
  readonly micros: number;
}

/** undefined: the text is none of these lines, or was changed. */
export function readStamp(text: string): Stamp | undefined {
  const [container, number, micros, check] = FIELDS.map(({ at, digits }) => Number(text.slice(at, at + digits))) as [number, number, number, number];
  return check === checkOf(container, number, micros) ? { container, number, micros } : undefined;
}

function writeDigits(bytes: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = Math.floor(rest / 10);
    bytes[i] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
}

/** The text behind the digits, the same in all lines of a size. */
export function fillerOf(text: string): string {
  return text.slice(HEAD.length);
}
