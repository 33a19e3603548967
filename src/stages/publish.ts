/** The end of the path inside the process: entries become messages of the session's transport. */
import { newTally } from '../core/tally.ts';
import type { ByteWriter } from '../core/byte-writer.ts';
import type { OutputPlan } from '../core/plan.ts';
import { RECORD_ORDINAL, type EntrySink, type Formatted, type Formatter, type FrameRun, type Gap, type LogEntry, type Transport } from '../core/types.ts';
import { split } from './oversize.ts';

const NOTHING = new Uint8Array(0);

export class Publisher implements EntrySink {
  /** Since the last commit. */
  #tally = newTally();
  /** Messages written so far. */
  #sequence = 0;
  readonly #transport: Transport;
  /** Cuts what does not fit. */
  readonly #formatter: Formatter;
  /** Does not. */
  readonly #whole: Formatter;
  readonly #oversize: OutputPlan['oversize'];

  constructor(transport: Transport, formatter: Formatter, oversize: OutputPlan['oversize']) {
    this.#transport = transport;
    this.#formatter = formatter;
    this.#whole = withFormat(formatter, (entry, out, limit) => formatWhole(formatter, entry, out, limit));
    this.#oversize = oversize;
  }

  writeFrames(run: FrameRun): void {
    const { shape } = this.#formatter;
    const lines = shape === undefined ? 0 : this.#transport.writeFrames?.(run, shape) ?? 0;
    this.#tally.lines += lines;
    this.#count(lines);
  }

  write(entry: LogEntry): void {
    const written = this.#transport.write(entry, this.#whole, this.#sequence + 1);
    if (written === 'too-large') return this.#writeOversized(entry);
    if (written === 'dead-letter') this.#tally.deadLettered++;
    this.#tally.lines++;
    this.#count();
  }

  /** Where lines were given up: one message in their place. */
  writeGap(gap: Gap): void {
    const { to: { seconds, nanos }, end, id = '' } = gap;
    const partial = { id, ordinal: RECORD_ORDINAL, last: true };
    const place: LogEntry = { source: 'stdout', seconds, nanos, bytes: NOTHING, start: 0, end: 0, offset: end, partial };
    const formatter = withFormat(this.#formatter, (_entry, out, limit) => this.#formatter.formatGap(gap, out, limit));
    this.#tally.gaps++;
    if (this.#transport.write(place, formatter, this.#sequence + 1) !== 'too-large') this.#count();
  }

  skipped(bytes: number): void {
    this.#tally.skippedBytes += bytes;
  }

  /**
   * Everything before `watermark` has been written, which was `bytes` of the FIFO with lines up to the time `newest`: hands
   * it over. Returns how many lines these are, with those that could not be written.
   */
  commit(watermark: number, bytes = 0, newest = 0): number {
    const tally = this.#tally;
    this.#tally = newTally();
    tally.bytes = bytes;
    const lines = tally.lines + tally.tooLarge;
    tally.newest = lines > 0 ? newest : 0;
    this.#transport.commit(watermark, tally);
    return lines;
  }

  /** Forgets what was not confirmed: it will be read again. `sequence`: messages that were. */
  reset(sequence: number): void {
    this.#sequence = sequence;
    this.#tally = newTally();
  }

  end(): void {
    // Nothing is held here.
  }

  #count(messages = 1): void {
    this.#tally.messages += messages;
    this.#sequence += messages;
  }

  #writeOversized(entry: LogEntry): void {
    if (this.#oversize === 'split' && this.#writePieces(entry)) return;
    const written = this.#oversize === 'drop' ? 'too-large' : this.#transport.write(entry, this.#formatter, this.#sequence + 1);
    if (written === 'too-large') return this.#giveUp(entry);
    this.#tally.truncated++;
    this.#tally.lines++;
    this.#count();
  }

  #writePieces(entry: LogEntry): boolean {
    const pieces = split(entry, (piece) => {
      if (this.#transport.write(piece, this.#whole, this.#sequence + 1) === 'too-large') return false;
      this.#count();
      return true;
    });
    if (pieces === 0) return false;
    this.#tally.lines++;
    this.#tally.split++;
    return true;
  }

  #giveUp(entry: LogEntry): void {
    if (this.#transport.writeDeadLetter(entry, this.#formatter, this.#sequence + 1) !== 'dead-letter') {
      this.#tally.tooLarge++;
      return;
    }
    this.#tally.lines++;
    this.#tally.deadLettered++;
    this.#count();
  }
}

function withFormat(formatter: Formatter, format: Formatter['format']): Formatter {
  return { format, formatGap: (gap, out, limit) => formatter.formatGap(gap, out, limit) };
}

function formatWhole(formatter: Formatter, entry: LogEntry, out: ByteWriter, limit: number): Formatted {
  const before = out.pending;
  const formatted = formatter.format(entry, out, limit);
  if (formatted !== 'truncated') return formatted;
  out.rewind(out.length - (out.pending - before));
  return 'too-large';
}
