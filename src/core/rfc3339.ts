/** Writes RFC 3339 timestamps with nine digits in UTC: `2026-11-22T21:03:47.000000001Z`. */

export const TIMESTAMP_BYTES = 30;
/** `2026-11-22T21:03:47.` */
export const SECOND_BYTES = 20;

/** `000` to `999`, one after the other. */
const THREE_DIGITS = Buffer.from(Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0')).join(''));

export class TimestampWriter {
  /** The date is formatted once per second: a busy container writes thousands of lines in one. */
  #second = Number.NaN;
  readonly #text = Buffer.alloc(SECOND_BYTES);

  /**
   * Fills buffer[at, at + TIMESTAMP_BYTES). `seconds` since the epoch within what int64 nanoseconds can say (years 1677
   * to 2262); `nanos` 0 … 999,999,999.
   */
  write(seconds: number, nanos: number, buffer: Uint8Array, at: number): void {
    if (seconds !== this.#second) this.#setSecond(seconds);
    const text = this.#text;
    for (let i = 0; i < SECOND_BYTES; i++) buffer[at + i] = text[i] as number;
    const micros = (nanos / 1000) | 0;
    const millis = (micros / 1000) | 0;
    writeThree(millis, buffer, at + SECOND_BYTES);
    writeThree(micros - millis * 1000, buffer, at + SECOND_BYTES + 3);
    writeThree(nanos - micros * 1000, buffer, at + SECOND_BYTES + 6);
    buffer[at + TIMESTAMP_BYTES - 1] = 0x5a;
  }

  #setSecond(seconds: number): void {
    this.#text.write(`${new Date(seconds * 1000).toISOString().slice(0, SECOND_BYTES - 1)}.`, 'latin1');
    this.#second = seconds;
  }
}

function writeThree(value: number, buffer: Uint8Array, at: number): void {
  buffer[at] = THREE_DIGITS[3 * value] as number;
  buffer[at + 1] = THREE_DIGITS[3 * value + 1] as number;
  buffer[at + 2] = THREE_DIGITS[3 * value + 2] as number;
}
