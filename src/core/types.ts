/**
 * Every seam of the driver. A line travels down once:
 *
 *   FIFO → journal → decoder → stages → formatter → transport → NATS
 *
 * and a confirmation travels back up as one number, the session's watermark.
 * Vocabulary: an *entry* is one decoded frame of the engine, a *line* its bytes, a *payload* what a formatter
 * wrote, a *message* a payload on its way to a *subject*, a *session* what lies between StartLogging and the
 * confirmation of the last line. An *offset* counts the bytes of one session's FIFO from its start.
 */
import type { ByteWriter } from './byte-writer.ts';
import type { Options } from './options.generated.ts';
import type { Target } from './target.ts';

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

/** The output that every session has. */
export const MAIN_OUTPUT = 'main';

/** Where a session's lines go, and in which form: what the options of a container amount to. */
export interface OutputPlan {
  /** Tells it from the other outputs of the session; stays the same when the rest changes. */
  readonly name: string;
  readonly facts: ContainerFacts;
  readonly subject: string;
  readonly target: Target;
  readonly format: Options['nats-format'];
  readonly transport: Options['nats-transport'];
  /** JetStream: the stream that must take the lines; undefined: any that covers the subject. */
  readonly stream?: StreamPlan;
  /** Subject for lines that NATS will never take on the session's own. */
  readonly deadLetter?: string;
  readonly oversize: Options['nats-oversize'];
}

/** All that a session needs to know: its main output, others that get the same lines, and what concerns all of them. */
export interface SessionPlan extends OutputPlan {
  readonly further: readonly OutputPlan[];
  readonly overflow: OverflowPlan;
}

/** What happens when there is no room for more lines. */
export interface OverflowPlan {
  readonly policy: Options['nats-overflow'];
  /** How long `block` may leave the FIFO unread, in milliseconds. */
  readonly blockMs: number;
  /** Bytes that this session may keep; undefined: as many as all together. */
  readonly limit?: number;
}

export interface StreamPlan {
  readonly name: string;
  /** Make it if it is missing. */
  readonly create: boolean;
  /** That it has then. */
  readonly subjects: readonly string[];
}

/** What a session is known by outside: `name` tells it from all others, `epoch` is that of its journal. */
export interface SessionId {
  readonly name: string;
  readonly epoch: number;
}

/** What a formatter says of an entry: written whole, written with its text cut, or not written at all. */
export type Formatted = 'whole' | 'truncated' | 'too-large';

/** What became of an entry: as the formatter says, or written to the dead-letter subject. */
export type Written = Formatted | 'dead-letter';

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

/** Lines of one session that are missing. The record of it stands in their place in the stream of messages. */
export interface Gap {
  /** Offset behind the last of them. */
  readonly end: number;
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

/** The constant facts of a container that go into each of its messages. */
export interface ContainerFacts {
  readonly id: string;
  /** Without its leading slash. */
  readonly name: string;
  readonly imageId: string;
  readonly imageName: string;
  readonly hostname: string;
  readonly tag: string;
  /** Labels and environment chosen by the options; never one of the message's own keys. */
  readonly attributes: ReadonlyMap<string, string>;
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
  /** Messages of the session's numbering: one for each line, or for each piece of a line. */
  messages: number;
  /** Lines written, in whatever form. */
  lines: number;
  /** Of these: with a part of the text cut off. */
  truncated: number;
  /** Of these: in pieces, since the server would not take them whole. */
  split: number;
  /** Of these: to the subject for what NATS does not take. */
  deadLettered: number;
  /** Records of gaps. */
  gaps: number;
  /** Lines that could not be written at all. */
  tooLarge: number;
  /** Lines that NATS refused for good. */
  refused: number;
  /** Bytes of the FIFO that were no frame. */
  skippedBytes: number;
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

/** The bytes of one session's FIFO that NATS has not confirmed. */
export interface Journal {
  /** Where the bytes are, unless the disk does not take them. */
  readonly kind: 'disk' | 'memory';
  /** Offset after the last byte appended. */
  readonly head: number;
  /** Everything before it is confirmed or given up: where to go on. */
  readonly watermark: number;
  /** Messages before the watermark, as `release` was told. */
  readonly sequence: number;
  /** When the numbering of bytes and messages began, in milliseconds since 1970: equal as long as it goes on. */
  readonly epoch: number;
  /** There is no room for a read of the FIFO unless somebody gives up lines. */
  readonly isFull: boolean;
  /** Bytes that go with the process. */
  readonly volatileBytes: number;
  /** What was found missing when it was opened: neither confirmed nor given up. To be discarded by the owner. */
  readonly missing: readonly Range[];
  /** The process before this one had bytes that no disk took: if it was killed, they are lost. */
  readonly isTorn: boolean;
  /**
   * Takes what the source has, or a part of it: how many bytes came. 'empty': nothing now; 'ended': nothing any more.
   * Throws what the source throws, and never because of a disk.
   */
  take(source: ByteSource): number | 'empty' | 'ended';
  /**
   * The first run of contiguous bytes kept at or after `offset`, valid until the next call of any method of any
   * journal; undefined: there is none; 'later': not before the owner is told that it is `readable`.
   */
  read(offset: number): JournalRun | 'later' | undefined;
  /** Everything before `offset` is confirmed, and `sequence` messages with it. */
  release(offset: number, sequence: number): void;
  /** Of several outputs, one has everything before `offset`, and `sequence` messages with it. */
  mark(output: string, offset: number, sequence: number): void;
  /** What was marked last, by an earlier process, too; undefined: nothing. */
  markOf(output: string): Mark | undefined;
  /** Forgets [from, to): it will be skipped by `read`. */
  discard(from: number, to: number): void;
  /** The process ends: what is kept is for the next one. */
  close(): void;
  /** Nothing is needed any more. */
  remove(): void;
}

export interface Mark {
  readonly offset: number;
  /** Messages before the offset. */
  readonly sequence: number;
}

/** Offsets [from, to). */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Where the bytes of a journal come from. */
export interface ByteSource {
  /** Bytes that can be taken now; 0 where that is not known. */
  readonly available: number;
  /** Moves bytes into memory: how many. Throws the system's error. */
  read(into: Uint8Array): number | 'empty' | 'ended';
  /**
   * Moves up to `size` bytes into a file, past this process: a kill finds each byte either here or there. How many, 0 at
   * the end; undefined: nothing came, or it cannot be done, and `read` knows more.
   */
  splice(fd: number, position: number, size: number): number | undefined;
}

/** The session that a journal belongs to. */
export interface JournalOwner {
  /** Bytes it could give up. */
  readonly unread: number;
  /** Gives up its oldest unread bytes, at least `bytes` of them if it has as many. */
  shed(bytes: number): void;
  /** What could not be read before may be read now. */
  readable(): void;
  /** The disk does not give [from, to) back: it is discarded next. */
  unreadable(from: number, to: number): void;
}

export interface JournalRun {
  readonly offset: number;
  readonly bytes: Uint8Array;
}
