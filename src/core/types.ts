/**
 * The seams along the path of a line; that to the journal is in journal.ts. A line travels down once:
 *
 *   FIFO → journal → decoder → stages → formatter → transport → NATS
 *
 * and a confirmation travels back up as one number, the session's watermark.
 * Vocabulary: an *entry* is one decoded frame of the engine, a *line* its bytes, a *payload* what a formatter
 * wrote, a *message* a payload on its way to a *subject*, a *session* what lies between StartLogging and the
 * confirmation of the last line. An *offset* counts the bytes of one session's FIFO from its start.
 */
import type { ByteWriter } from './byte-writer.ts';
import type { Numbered } from './numbering.ts';

export type Source = 'stdout' | 'stderr';

/** A piece of a line that was too long to travel whole. Source: moby `PartialLogMetadata`. */
export interface Partial {
  /** Equal for all pieces of one line. */
  readonly id: string;
  /** Rises from piece to piece, starting at 1. */
  readonly ordinal: number;
  /** Whether the newline was seen. */
  readonly last: boolean;
}

/** Of a record of the driver, among the pieces of the lines in its place. */
export const RECORD_ORDINAL = 0;

/**
 * One line as the engine framed it. A cursor, not a record: the decoder refills a single entry, so the entry and
 * its bytes are valid only during the call that receives them. Copy what you keep.
 */
export interface LogEntry {
  readonly source: Source;
  /** Whole seconds since the Unix epoch, rounded down. */
  readonly seconds: number;
  /** 0 … 999,999,999 within that second. */
  readonly nanos: number;
  /** The line is bytes[start, end), without its newline: any bytes, perhaps not UTF-8. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly partial: Partial | undefined;
  /** Where the entry's first frame begins. */
  readonly offset: number;
}

/**
 * Undecoded frames, bytes[at, …), the first of which begins at `at`. A cursor: whoever takes frames from its front moves
 * `at` behind them, and says when the last of them was written.
 */
export interface FrameRun {
  bytes: Uint8Array;
  at: number;
  seconds: number;
  nanos: number;
}

/** The one shape between decoder and transport. Synchronous. */
export interface EntrySink {
  /**
   * Takes as many frames from the front of the run as it can take without looking at each as an entry; perhaps none. What
   * comes of them is what would come of their entries.
   */
  writeFrames?(run: FrameRun): void;
  /** Takes one entry; it is valid during this call only. */
  write(entry: LogEntry): void;
  /** No more entries will come: let go of everything held. */
  end(): void;
}

/** What a session is known by outside: `name` tells it from all others, `epoch` is that of its journal. */
export interface SessionId {
  readonly name: string;
  readonly epoch: number;
}

/** What a formatter says of an entry: written whole, written with its text cut, or not written at all. */
export type Formatted = 'whole' | 'truncated' | 'too-large';

/** What became of an entry: as the formatter says, or written to the dead-letter subject, or not written: NATS has refused it for good. */
export type Written = Formatted | 'dead-letter' | 'refused';

/** A payload as constant parts around the time and the text of a line. */
export interface PayloadShape {
  /** Up to the text. */
  readonly head: Uint8Array;
  /** Where in the head the time is written; see TimestampWriter. */
  readonly timeAt: number;
  /** Behind the text, which is written as the inside of a JSON string. */
  readonly stdoutTail: Uint8Array;
  readonly stderrTail: Uint8Array;
}

export interface Formatter {
  /** What it makes of every line that is whole and fits; undefined: that is not so simple. */
  readonly shape?: PayloadShape;
  /**
   * Appends exactly one payload of at most `limit` bytes. A line that does not fit is cut and marked; `too-large`
   * means that not even the fixed parts fit, and that nothing was appended.
   */
  format(entry: LogEntry, out: ByteWriter, limit: number): Formatted;
  /** Appends the record of a gap, whole or not at all. */
  formatGap(gap: Gap, out: ByteWriter, limit: number): Formatted;
}

/** A point in time, as an entry has it. */
export interface Moment {
  readonly seconds: number;
  readonly nanos: number;
}

/** A place in a session's output at which its messages do not simply go on: the same whenever they are sent. */
interface Break {
  /** Its offset: behind the last line that is missing. */
  readonly end: number;
  /** Of the first message there, at least; undefined: any. */
  readonly number?: Numbered;
  /** Of its own message, or the first that came of it; undefined: it did not go. */
  readonly told?: Numbered;
}

/** Lines of one session that are missing. The record of it stands in their place in the stream of messages. */
export interface Gap extends Break {
  /** Tells it from others in the same place. */
  readonly id?: string;
  readonly reason: GapReason;
  /** undefined: not known. */
  readonly lines?: number;
  /** Of their text; where `lines` are not known: as the engine framed them. undefined: not known either. */
  readonly bytes?: number;
  /** When the first of them was written; undefined: not known. */
  readonly from?: Moment;
  /** When the last of them was written, or not later than that. */
  readonly to: Moment;
}

/** A line that the engine split was published up to here before its end had come. Nothing is missing. */
export interface Cut extends Break {
  readonly reason: 'cut';
}

/** Why lines were given up. Each is a counter and a log line. */
export type DropReason =
  | 'overflow'       // the memory for unconfirmed lines was full
  | 'too-large'      // not even a truncated payload fits the server's limit
  | 'not-permitted'  // the server refuses the subject to this user
  | 'refused'        // JetStream will never take the message
  | 'gave-up'        // nats-max-reconnect attempts failed
  | 'shutdown'       // the process ended before NATS confirmed
  | 'removed';       // the output was taken out of the configuration before NATS confirmed

/** Why lines are missing: given up, or out of reach. */
export type GapReason =
  | DropReason
  | 'unreadable'     // the disk does not give back what was written to it
  | 'crash';         // the driver was killed: what it had in memory is not known

/** What became of the lines of one commit. Booked when NATS confirms it, since until then it may be repeated. */
export interface Tally {
  /** Numbers that were used up: one for each line, or for each piece of a line. */
  messages: number;
  /** Lines written, in whatever form. */
  lines: number;
  /** Of these: with a part of the text cut off. */
  truncated: number;
  /** Of these: in pieces, since the server would not take them whole. */
  split: number;
  /** Of these: to the subject for what NATS does not take. */
  deadLettered: number;
  /** Lines for that subject, which the server does not permit. */
  lostLetters: number;
  /** Records of gaps. */
  gaps: number;
  /** Records of single lines that NATS does not take, in their places. */
  notes: number;
  /** Lines that could not be written at all. */
  tooLarge: number;
  /** Lines that NATS refused for good. */
  refused: number;
  /** Bytes of the FIFO that were no frame. */
  skippedBytes: number;
  /** Where these begin: stretches between two frames. */
  skippedPlaces: number;
  /** Bytes of the FIFO that the lines came from. */
  bytes: number;
  /** When the newest of the lines was written, in milliseconds since 1970; 0: there is none. */
  newest: number;
}

/** What a transport tells the session that opened it. */
export interface TransportListener {
  /** There is room again: publish what waits. */
  ready(): void;
  /** NATS has everything before `watermark`, or has `refused` it: the subject is not permitted. */
  confirmed(watermark: number, tally: Tally, refused: boolean): void;
  /** What was sent and not confirmed is lost: publish again from the last confirmed watermark. */
  lost(): void;
  /** No attempt to connect will follow: lines that wait are to be given up, and counted. */
  gaveUp(): void;
}

/** One session's way to NATS. */
export interface Transport {
  /** False while NATS is away or the window is full. */
  readonly isReady: boolean;
  /** NATS was dialled in vain since it was last there: a confirmation is not to be expected soon. */
  readonly isAway: boolean;
  /** Asks for one call of `ready` when there is room. */
  wait(): void;
  /** True after `gaveUp`, until another session or a reload dials again. */
  readonly hasGivenUp: boolean;
  /** Appends one message around the payload that `format` writes. `sequence` counts the session's messages, from 1. */
  write(entry: LogEntry, formatter: Formatter, sequence: number): Written;
  /** Does what `write` does for frames at the front of the run, if it can without decoding each; returns how many lines it took. */
  writeFrames?(run: FrameRun, shape: PayloadShape): number;
  /** Appends one message for the dead-letter subject, cut to fit; 'too-large' also where there is no such subject. */
  writeDeadLetter(entry: LogEntry, formatter: Formatter, sequence: number): Written;
  /** Hands over what was written since the last call, complete up to `watermark`. Takes the tally. */
  commit(watermark: number, tally: Tally): void;
  /** Somebody waits for what was handed over to be confirmed. */
  hurry?(): void;
  /** Gives the shared connection back. Nothing is called back afterwards. Idempotent. */
  close(): void;
}
