/** The end of the path inside the process: entries become messages of the session's transport. */
import { newTally } from '../core/tally.ts';
import type { EntrySink, Formatter, LogEntry, Transport } from '../core/types.ts';

export class Publisher implements EntrySink {
  /** Since the last commit. */
  #tally = newTally();
  /** Messages written so far. */
  #sequence = 0;
  readonly #transport: Transport;
  readonly #formatter: Formatter;

  constructor(transport: Transport, formatter: Formatter) {
    this.#transport = transport;
    this.#formatter = formatter;
  }

  write(entry: LogEntry): void {
    const formatted = this.#transport.write(entry, this.#formatter, this.#sequence + 1);
    if (formatted === 'too-large') {
      this.#tally.tooLarge++;
      return;
    }
    if (formatted === 'truncated') this.#tally.truncated++;
    if (formatted === 'dead-letter') this.#tally.deadLettered++;
    this.#tally.lines++;
    this.#tally.messages++;
    this.#sequence++;
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

  /** Forgets what was not confirmed: it will be read again. `sequence`: messages that were. */
  reset(sequence: number): void {
    this.#sequence = sequence;
    this.#tally = newTally();
  }

  end(): void {
    // Nothing is held here.
  }
}
