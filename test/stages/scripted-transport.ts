/** A way to NATS that does what a test says: takes lines while it is open, confirms, loses and gives up on demand. */
import type { Formatted, Formatter, LogEntry, Tally, Transport, TransportListener } from '../../src/core/types.ts';

interface Commit {
  readonly watermark: number;
  readonly tally: Tally;
  readonly lines: readonly string[];
}

export class ScriptedTransport implements Transport {
  readonly listener: TransportListener;
  isReady: boolean;
  isAway = false;
  hasGivenUp = false;
  isClosed = false;
  /** All lines that NATS confirmed, in order; with lines of marked pieces in brackets. */
  readonly confirmed: string[] = [];
  /** The same for all that was written, whatever became of it, with its number in front. */
  readonly numbered: string[] = [];
  /** Committed and not confirmed. */
  commits: Commit[] = [];
  /** Confirms each commit by itself, a turn later. */
  isPrompt: boolean;
  /** Lines that may be unconfirmed; then it is not ready. */
  room = Number.POSITIVE_INFINITY;
  #written: string[] = [];
  #isWaiting = false;

  constructor(listener: TransportListener, state: 'prompt' | 'slow' | 'away') {
    this.listener = listener;
    this.isReady = state !== 'away';
    this.isPrompt = state === 'prompt';
  }

  wait(): void {
    this.#isWaiting = true;
  }

  writeDeadLetter(): Formatted {
    return 'too-large';
  }

  write(entry: LogEntry, _formatter: Formatter, sequence: number): Formatted {
    this.#written.push(textOf(entry));
    this.numbered.push(`${sequence} ${textOf(entry)}`);
    return 'whole';
  }

  commit(watermark: number, tally: Tally): void {
    if (this.isClosed) throw new Error('commit after close');
    this.commits.push({ watermark, tally, lines: this.#written });
    this.#written = [];
    if (this.commits.reduce((sum, { lines }) => sum + lines.length, 0) >= this.room) this.isReady = false;
    if (this.isPrompt) setImmediate(() => this.confirm());
  }

  close(): void {
    this.isClosed = true;
    this.commits = [];
  }

  /** NATS has everything that was committed, or the `count` oldest commits. */
  confirm(count = this.commits.length): void {
    for (const { watermark, tally, lines } of this.commits.splice(0, count)) {
      if (this.isClosed) return;
      this.confirmed.push(...lines);
      this.listener.confirmed(watermark, tally, false);
    }
  }

  /** The server does not permit what was committed, or the `count` oldest commits. */
  refuse(count = this.commits.length): void {
    for (const { watermark, tally } of this.commits.splice(0, count)) if (!this.isClosed) this.listener.confirmed(watermark, tally, true);
  }

  /** Room, or a connection. */
  open(): void {
    this.isReady = true;
    this.hasGivenUp = false;
    if (!this.#isWaiting || this.isClosed) return;
    this.#isWaiting = false;
    this.listener.ready();
  }

  /** The window is full. */
  block(): void {
    this.isReady = false;
  }

  lose(): void {
    this.isReady = false;
    this.commits = [];
    this.#written = [];
    this.listener.lost();
  }

  giveUp(): void {
    this.isReady = false;
    this.hasGivenUp = true;
    this.commits = [];
    this.#written = [];
    this.listener.gaveUp();
  }
}

function textOf({ bytes, start, end, partial, offset }: LogEntry): string {
  if (partial?.ordinal === 0) return `<gap ${offset}>`;
  const line = Buffer.from(bytes.subarray(start, end)).toString('latin1');
  return partial === undefined ? line : `[${partial.ordinal} ${partial.last}] ${line}`;
}
