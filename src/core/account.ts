/**
 * The account of one output of a session: what was read, what NATS confirmed, and every loss by its reason. Booked in batches, never for
 * a single line, and twice: for the session, and for all sessions of its transport in this process.
 */
import type { EventKind } from './events.ts';
import { Latency } from './latency.ts';
import type { Log } from './log.ts';
import type { Counts } from './status.ts';
import { MAIN_OUTPUT } from './plan.ts';
import type { DropReason, Tally } from './types.ts';

const WORDS: Readonly<Record<DropReason, string>> = {
  'overflow': 'lines dropped: the memory for unconfirmed lines is full',
  'too-large': 'lines dropped: the message exceeds the server\'s max_payload even without its text',
  'not-permitted': 'lines dropped: the server does not permit the subject',
  'refused': 'lines dropped: JetStream refuses the message for good',
  'gave-up': 'lines dropped: gave up connecting to NATS',
  'shutdown': 'lines dropped: the driver ended before NATS confirmed them',
  'removed': 'lines dropped: their output was taken out of the configuration before NATS confirmed them',
};

/** What is counted. */
export class Counters {
  bytesRead = 0;
  linesRead = 0;
  linesConfirmed = 0;
  bytesConfirmed = 0;
  linesResent = 0;
  linesTruncated = 0;
  linesSplit = 0;
  linesDeadLettered = 0;
  /** Records of gaps. */
  gaps = 0;
  /** Records of gaps that nobody will hear of. */
  gapsGivenUp = 0;
  bytesSkipped = 0;
  placesSkipped = 0;
  bytesUnreadable = 0;
  /** Kills of the driver after which lines may be missing. */
  crashes = 0;
  readonly linesDropped: Record<DropReason, number> = { 'overflow': 0, 'too-large': 0, 'not-permitted': 0, 'refused': 0, 'gave-up': 0, 'shutdown': 0, 'removed': 0 };

  counts(): Counts {
    return {
      lines_read: this.linesRead,
      lines_confirmed: this.linesConfirmed,
      bytes_confirmed: this.bytesConfirmed,
      lines_resent: this.linesResent,
      lines_dropped: { ...this.linesDropped },
      lines_truncated: this.linesTruncated,
      lines_split: this.linesSplit,
      lines_dead_lettered: this.linesDeadLettered,
      gaps: this.gaps,
      gaps_given_up: this.gapsGivenUp,
      bytes_skipped: this.bytesSkipped,
      places_skipped: this.placesSkipped,
      bytes_unreadable: this.bytesUnreadable,
      crashes: this.crashes,
    };
  }
}

/** All sessions of a transport, those that have ended included. */
export class Books extends Counters {
  /** From the time of the newest line of a batch to the confirmation of the batch. */
  readonly latency = new Latency();
}

type Countable = { [Key in keyof Counters]: Counters[Key] extends number ? Key : never }[keyof Counters];

export class Account extends Counters {
  /** Milliseconds since 1970. */
  lastReadAt: number | undefined;
  readonly #log: Log;
  readonly #container: string;
  #books: Books;
  readonly #output: string;
  readonly #now: () => number;
  /** Lines that were handed over and are not confirmed. */
  #underWay = 0;
  /** Lines that were handed over once already, and will be read again. */
  #toRepeat = 0;
  /** Since when something is unconfirmed; milliseconds since 1970. */
  #backlogSince: number | undefined;
  /** Time of the newest line that is confirmed; milliseconds since 1970. */
  #confirmedTime = 0;

  /** `container`: the name that log lines show, and `output`, unless it is the main one; `now`: milliseconds since 1970. */
  constructor(log: Log, container: string, books = new Books(), now: () => number = Date.now, output = MAIN_OUTPUT) {
    super();
    this.#output = output;
    this.#log = log;
    this.#container = container;
    this.#books = books;
    this.#now = now;
  }

  /** From now on, for all sessions of another transport. */
  moveTo(books: Books): void {
    this.#books = books;
  }

  read(bytes: number): void {
    this.lastReadAt = this.#now();
    this.#backlogSince ??= this.lastReadAt;
    this.bytesRead += bytes;
    // Further outputs get the same bytes.
    if (this.#output === MAIN_OUTPUT) this.#books.bytesRead += bytes;
  }

  /** Lines wait that an earlier process has read: `since` is the time of the oldest, in milliseconds since 1970, if it is known. */
  inherited(since: number | undefined): void {
    this.#backlogSince = since ?? this.#now();
  }

  /** Lines were handed over. */
  sent(lines: number): void {
    this.#underWay += lines;
    const repeated = this.#seen(lines);
    if (repeated > 0) this.#add('linesResent', repeated);
  }

  /** What was handed over and not confirmed is lost, and will be read again. */
  rewound(): void {
    this.#toRepeat += this.#underWay;
    this.#underWay = 0;
  }

  /** NATS has confirmed what the tally counts, or `refused` it. */
  confirmed(tally: Tally, refused: boolean): void {
    this.#underWay -= tally.lines + tally.refused + tally.tooLarge + tally.lostLetters;
    if (refused) {
      // Dead letters have another subject.
      this.#drop('not-permitted', tally.lines - tally.deadLettered);
      this.#confirmed({ lines: tally.deadLettered, bytes: 0 });
    } else {
      this.#confirmed(tally);
      if (tally.split > 0) this.#add('linesSplit', tally.split);
      if (tally.gaps + tally.notes > 0) this.#add('gaps', tally.gaps + tally.notes);
      if (tally.truncated > 0) this.#truncated(tally.truncated);
    }
    if (tally.refused > 0) this.#drop('refused', tally.refused);
    if (tally.deadLettered > 0) this.#deadLettered(tally.deadLettered);
    if (tally.tooLarge + tally.lostLetters > 0) this.#drop('too-large', tally.tooLarge + tally.lostLetters);
    this.skipped(tally.skippedBytes, tally.skippedPlaces);
    this.#took(tally.newest);
  }

  /** Nothing is unconfirmed. */
  settled(): void {
    this.#backlogSince = undefined;
  }

  /** Seconds since the oldest unconfirmed line was written, at most: it is no older than what was confirmed, nor than what waits. */
  oldestAge(hasBacklog: boolean): number {
    if (!hasBacklog) return 0;
    const now = this.#now();
    return Math.max(0, now - Math.max(this.#confirmedTime, this.#backlogSince ?? now)) / 1000;
  }

  /** Lines were given up that were not under way. */
  dropped(reason: DropReason, lines: number): void {
    this.#seen(lines);
    this.#drop(reason, lines);
  }

  /** `places`: how many stretches of such bytes begin with these. */
  skipped(bytes: number, places: number): void {
    if (bytes === 0) return;
    this.#add('bytesSkipped', bytes);
    this.#add('placesSkipped', places);
    this.#event('bytes-lost', 'skipped', 'bytes skipped that were no log entry', { skipped_bytes_total: this.bytesSkipped, skipped_places_total: this.placesSkipped });
  }

  /** The disk did not give back what was written to it. */
  unreadable(bytes: number): void {
    this.#add('bytesUnreadable', bytes);
    this.#event('bytes-lost', 'unreadable', 'bytes lost: the disk does not give them back', { unreadable_bytes_total: this.bytesUnreadable });
  }

  /** Of losses that are counted the records have not reached NATS, and never will. */
  recordsGivenUp(count: number): void {
    if (count === 0) return;
    this.#add('gapsGivenUp', count);
    this.#event('lines-dropped', 'records', 'records of lost lines given up: NATS has not taken them before the session ended', { records_given_up_total: this.gapsGivenUp });
  }

  /** The process before this one was killed, and had bytes in memory. */
  crashed(): void {
    this.#add('crashes', 1);
    this.#event('lines-dropped', 'crash', 'lines may be missing: the driver was killed, and what it had in memory is not known', { crashes_total: this.crashes });
  }

  get hasLosses(): boolean {
    return this.linesTruncated + this.bytesSkipped + this.bytesUnreadable + this.crashes + this.gapsGivenUp > 0 || Object.values(this.linesDropped).some((lines) => lines > 0);
  }

  /** The counters as log fields; losses only where there are any. */
  summary(): Record<string, number> {
    const losses = Object.entries({ ...this.linesDropped, truncated: this.linesTruncated, dead_lettered: this.linesDeadLettered, skipped_bytes: this.bytesSkipped, skipped_places: this.placesSkipped, unreadable_bytes: this.bytesUnreadable, crashes: this.crashes, records_given_up: this.gapsGivenUp });
    return { bytes_read: this.bytesRead, lines_read: this.linesRead, lines_confirmed: this.linesConfirmed, ...Object.fromEntries(losses.filter(([, count]) => count > 0)) };
  }

  #add(what: Countable, count: number): void {
    this[what] += count;
    this.#books[what] += count;
  }

  /** Returns how many of them were seen before. */
  #seen(lines: number): number {
    const repeated = Math.min(lines, this.#toRepeat);
    this.#toRepeat -= repeated;
    this.linesRead += lines - repeated;
    this.#books.linesRead += lines - repeated;
    return repeated;
  }

  /** By name, as `#add` would, it takes longer: this and `#seen` are all that most batches have. */
  #confirmed({ lines, bytes }: Pick<Tally, 'lines' | 'bytes'>): void {
    this.linesConfirmed += lines;
    this.bytesConfirmed += bytes;
    this.#books.linesConfirmed += lines;
    this.#books.bytesConfirmed += bytes;
  }

  /** The clock may have been set back since, or the container's line be of an earlier day. */
  #took(newest: number): void {
    if (newest === 0) return;
    this.#confirmedTime = Math.max(this.#confirmedTime, newest);
    this.#books.latency.observe((this.#now() - newest) / 1000);
  }

  #drop(reason: DropReason, lines: number): void {
    if (lines === 0) return;
    this.linesDropped[reason] += lines;
    this.#books.linesDropped[reason] += lines;
    this.#event('lines-dropped', reason, WORDS[reason], { reason, dropped_total: this.linesDropped[reason] });
  }

  #truncated(lines: number): void {
    this.#add('linesTruncated', lines);
    this.#limited('truncated', 'lines truncated: the payload would exceed the server\'s max_payload', { truncated_total: this.linesTruncated });
  }

  #deadLettered(lines: number): void {
    this.#add('linesDeadLettered', lines);
    this.#limited('dead-letter', 'lines published to nats-dead-letter-subject', { dead_lettered_total: this.linesDeadLettered });
  }

  #event(event: EventKind, key: string, message: string, fields: Record<string, string | number>): void {
    this.#log.event(event, 'warn', message, { container: this.#container, ...fields }, `${key} ${this.#container}`);
  }

  #limited(key: string, message: string, fields: Record<string, string | number>): void {
    const names = { container: this.#container, ...(this.#output === MAIN_OUTPUT ? {} : { output: this.#output }) };
    this.#log.limited('warn', [key, ...Object.values(names)].join(' '), message, { ...names, ...fields });
  }
}
