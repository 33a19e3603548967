/** Writes RFC 3339 timestamps with nine digits in UTC: `2026-11-22T21:03:47.000000001Z`. */
import type { ByteWriter } from './byte-writer.ts';

/** `2026-11-22T21:03:47.` */
const PREFIX_BYTES = 20;
const LENGTH = PREFIX_BYTES + 10;
const ZERO = 0x30;

export class TimestampWriter {
  /** The date is formatted once per second: a busy container writes thousands of lines in one. */
  #second = Number.NaN;
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);

  /** `seconds` since the epoch within what int64 nanoseconds can say (years 1677 to 2262); `nanos` 0 … 999,999,999. */
  write(seconds: number, nanos: number, out: ByteWriter): void {
    if (seconds !== this.#second) this.#setSecond(seconds);
    out.ensure(LENGTH);
    const { buffer, length } = out;
    const prefix = this.#prefix;
    for (let i = 0; i < PREFIX_BYTES; i++) buffer[length + i] = prefix[i] as number;
    let rest = nanos;
    for (let i = length + LENGTH - 2; i >= length + PREFIX_BYTES; i--) {
      const tenth = (rest / 10) | 0;
      buffer[i] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    buffer[length + LENGTH - 1] = 0x5a;
    out.length = length + LENGTH;
  }

  #setSecond(seconds: number): void {
    this.#prefix.write(`${new Date(seconds * 1000).toISOString().slice(0, PREFIX_BYTES - 1)}.`, 'latin1');
    this.#second = seconds;
  }
}
