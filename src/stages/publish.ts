/** The end of the path inside the process: entries become messages of the session's transport. */
import { newTally } from '../core/tally.ts';
import type { ByteWriter } from '../core/byte-writer.ts';
import { Numbering, type Numbered } from '../core/numbering.ts';
import type { OutputPlan } from '../core/plan.ts';
import { RECORD_ORDINAL, type EntrySink, type Formatted, type Formatter, type FrameRun, type Gap, type LogEntry, type Transport } from '../core/types.ts';
import { split } from './oversize.ts';

const NOTHING = new Uint8Array(0);

export class Publisher implements EntrySink {
  /** Since the last commit. */
  #tally = newTally();
  readonly #numbering: Numbering;
  readonly #transport: Transport;
  /** Cuts what does not fit. */
  readonly #formatter: Formatter;
  /** Does not. */
  readonly #whole: Formatter;
  readonly #oversize: OutputPlan['oversize'];

  constructor(transport: Transport, formatter: Formatter, oversize: OutputPlan['oversize'], numbering = new Numbering()) {
    this.#numbering = numbering;
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
    const written = this.#transport.write(entry, this.#whole, this.#numbering.sequence + 1);
    if (written === 'too-large') return this.#writeOversized(entry);
    if (written === 'refused') return this.#lose(entry, written);
    if (written === 'dead-letter') this.#tally.deadLettered++;
    this.#tally.lines++;
    this.#count();
  }

  /** The next message has this number, if none has it yet. Those in between are given to none. */
  goOn({ sequence }: Numbered): void {
    this.#count(Math.max(0, sequence - this.#numbering.sequence - 1));
  }

  /** Where lines were given up: one message in their place. */
  writeGap(gap: Gap): void {
    this.#tally.gaps++;
    this.#writeRecord(gap);
  }

  skipped(bytes: number, places: number): void {
    this.#tally.skippedBytes += bytes;
    this.#tally.skippedPlaces += places;
  }

  /** One that NATS does not take is not told of. */
  #writeRecord(gap: Gap): boolean {
    const { to: { seconds, nanos }, end, id = '' } = gap;
    const partial = { id, ordinal: RECORD_ORDINAL, last: true };
    const place: LogEntry = { source: 'stdout', seconds, nanos, bytes: NOTHING, start: 0, end: 0, offset: end, partial };
    const formatter = withFormat(this.#formatter, (_entry, out, limit) => this.#formatter.formatGap(gap, out, limit));
    const written = this.#transport.write(place, formatter, this.#numbering.sequence + 1);
    // What is not told of was to have this number.
    this.#count();
    return written !== 'too-large' && written !== 'refused';
  }

  /**
   * Everything before `watermark` has been written, which was `bytes` of the FIFO with lines up to the time `newest`: hands
   * it over. Returns how many lines these are, with those that could not be written.
   */
  commit(watermark: number, bytes = 0, newest = 0): number {
    const tally = this.#tally;
    this.#tally = newTally();
    tally.bytes = bytes;
    const lines = tally.lines + tally.tooLarge + tally.refused;
    tally.newest = lines > 0 ? newest : 0;
    this.#transport.commit(watermark, tally);
    return lines;
  }

  /** Forgets what was not confirmed: it will be read again. `sequence`: messages that were. */
  reset(sequence: number): void {
    this.#numbering.rewind(sequence);
    this.#tally = newTally();
  }

  end(): void {
    // Nothing is held here.
  }

  #count(messages = 1): void {
    this.#tally.messages += messages;
    this.#numbering.count(messages);
  }

  #writeOversized(entry: LogEntry): void {
    if (this.#oversize === 'split' && this.#writePieces(entry)) return;
    const written = this.#oversize === 'drop' ? 'too-large' : this.#transport.write(entry, this.#formatter, this.#numbering.sequence + 1);
    if (written === 'too-large') return this.#giveUp(entry);
    if (written === 'refused') return this.#lose(entry, written);
    this.#tally.truncated++;
    this.#tally.lines++;
    this.#count();
  }

  #writePieces(entry: LogEntry): boolean {
    let isWhole = true;
    const pieces = split(entry, (piece) => {
      const written = this.#transport.write(piece, this.#whole, this.#numbering.sequence + 1);
      if (written === 'too-large') return false;
      // The record has the number of the first that was refused: all others have theirs again.
      if (written === 'refused' && isWhole) this.#lose(entry, written);
      else this.#count();
      if (written === 'refused') isWhole = false;
      return true;
    });
    if (pieces === 0) return false;
    if (!isWhole) return true;
    this.#tally.lines++;
    this.#tally.split++;
    return true;
  }

  #giveUp(entry: LogEntry): void {
    const written = this.#transport.writeDeadLetter(entry, this.#formatter, this.#numbering.sequence + 1);
    if (written !== 'dead-letter') return this.#lose(entry, written === 'refused' ? written : 'too-large');
    this.#tally.lines++;
    this.#tally.deadLettered++;
    this.#count();
  }

  /** A record takes the line's place: whenever the line is read again, the same. */
  #lose({ offset, seconds, nanos, start, end }: LogEntry, reason: 'too-large' | 'refused'): void {
    this.#tally[reason === 'refused' ? 'refused' : 'tooLarge']++;
    const time = { seconds, nanos };
    if (this.#writeRecord({ end: offset, id: reason, reason, lines: 1, bytes: end - start, from: time, to: time })) this.#tally.notes++;
  }
}

function withFormat(formatter: Formatter, format: Formatter['format']): Formatter {
  return { format, formatGap: (gap, out, limit) => formatter.formatGap(gap, out, limit) };
}

function formatWhole(formatter: Formatter, entry: LogEntry, out: ByteWriter, limit: number): Formatted {
  const before = out.length;
  const formatted = formatter.format(entry, out, limit);
  if (formatted !== 'truncated') return formatted;
  out.rewind(before);
  return 'too-large';
}
