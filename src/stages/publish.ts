/** The end of the path inside the process: entries become messages of the session's transport. */
import type { EntrySink, Formatter, LogEntry, Tally, Transport } from '../core/types.ts';

export class Publisher implements EntrySink {
  /** Since the last commit. */
  #tally = newTally();
  readonly #transport: Transport;
  readonly #formatter: Formatter;

  constructor(transport: Transport, formatter: Formatter) {
    this.#transport = transport;
    this.#formatter = formatter;
  }

  write(entry: LogEntry): void {
    const formatted = this.#transport.write(entry, this.#formatter);
    if (formatted === 'too-large') {
      this.#tally.tooLarge++;
      return;
    }
    if (formatted === 'truncated') this.#tally.truncated++;
    this.#tally.lines++;
  }

  skipped(bytes: number): void {
    this.#tally.skippedBytes += bytes;
  }

  /** Everything before `watermark` has been written: hands it over. */
  commit(watermark: number): void {
    const tally = this.#tally;
    this.#tally = newTally();
    this.#transport.commit(watermark, tally);
  }

  /** Forgets what was not committed: it will be read again. */
  reset(): void {
    this.#tally = newTally();
  }

  end(): void {
    // Nothing is held here.
  }
}

function newTally(): Tally {
  return { lines: 0, truncated: 0, tooLarge: 0, skippedBytes: 0 };
}
