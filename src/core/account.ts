/** One session's account: what was read, what NATS confirmed, and every loss by its reason. */
import type { Log } from './log.ts';
import type { DropReason, Tally } from './types.ts';

const WORDS: Readonly<Record<DropReason, string>> = {
  'overflow': 'lines dropped: the memory for unconfirmed lines is full',
  'too-large': 'lines dropped: the message exceeds the server\'s max_payload even without its text',
  'not-permitted': 'lines dropped: the server does not permit the subject',
  'refused': 'lines dropped: JetStream refuses the message for good',
  'gave-up': 'lines dropped: gave up connecting to NATS',
  'shutdown': 'lines dropped: the driver ended before NATS confirmed them',
};

export class Account {
  bytesRead = 0;
  linesConfirmed = 0;
  linesTruncated = 0;
  linesDeadLettered = 0;
  bytesSkipped = 0;
  bytesUnreadable = 0;
  readonly linesDropped: Record<DropReason, number> = { 'overflow': 0, 'too-large': 0, 'not-permitted': 0, 'refused': 0, 'gave-up': 0, 'shutdown': 0 };
  readonly #log: Log;
  readonly #container: string;

  /** `container`: the name that log lines show. */
  constructor(log: Log, container: string) {
    this.#log = log;
    this.#container = container;
  }

  read(bytes: number): void {
    this.bytesRead += bytes;
  }

  /** NATS has confirmed what the tally counts, or `refused` it. */
  confirmed(tally: Tally, refused: boolean): void {
    if (refused) this.dropped('not-permitted', tally.lines);
    else this.linesConfirmed += tally.lines;
    if (tally.truncated > 0 && !refused) this.#truncated(tally.truncated);
    if (tally.refused > 0) this.dropped('refused', tally.refused);
    if (tally.deadLettered > 0) this.#deadLettered(tally.deadLettered);
    if (tally.tooLarge > 0) this.dropped('too-large', tally.tooLarge);
    this.skipped(tally.skippedBytes);
  }

  dropped(reason: DropReason, lines: number): void {
    if (lines === 0) return;
    this.linesDropped[reason] += lines;
    this.#limited(reason, WORDS[reason], { reason, dropped_total: this.linesDropped[reason] });
  }

  #truncated(lines: number): void {
    this.linesTruncated += lines;
    this.#limited('truncated', 'lines truncated: the payload would exceed the server\'s max_payload', { truncated_total: this.linesTruncated });
  }

  #deadLettered(lines: number): void {
    this.linesDeadLettered += lines;
    this.#limited('dead-letter', 'lines published to nats-dead-letter-subject', { dead_lettered_total: this.linesDeadLettered });
  }

  skipped(bytes: number): void {
    if (bytes === 0) return;
    this.bytesSkipped += bytes;
    this.#limited('skipped', 'bytes skipped that were no log entry', { skipped_bytes_total: this.bytesSkipped });
  }

  /** The disk did not give back what was written to it. */
  unreadable(bytes: number): void {
    this.bytesUnreadable += bytes;
    this.#limited('unreadable', 'bytes lost: the disk does not give them back', { unreadable_bytes_total: this.bytesUnreadable });
  }

  get hasLosses(): boolean {
    return this.linesTruncated + this.bytesSkipped + this.bytesUnreadable > 0 || Object.values(this.linesDropped).some((lines) => lines > 0);
  }

  /** The counters as log fields; losses only where there are any. */
  summary(): Record<string, number> {
    const losses = Object.entries({ ...this.linesDropped, truncated: this.linesTruncated, dead_lettered: this.linesDeadLettered, skipped_bytes: this.bytesSkipped, unreadable_bytes: this.bytesUnreadable });
    return { bytes_read: this.bytesRead, lines_confirmed: this.linesConfirmed, ...Object.fromEntries(losses.filter(([, count]) => count > 0)) };
  }

  #limited(key: string, message: string, fields: Record<string, string | number>): void {
    this.#log.limited('warn', `${key} ${this.#container}`, message, { container: this.#container, ...fields });
  }
}
