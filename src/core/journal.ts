/** The seam between a session and what keeps its bytes until NATS has confirmed them. */
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
  /** Bytes that this session may keep, besides what all have together; no limit to begin with. May change at any time. */
  limit: number;
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
  /** A kill does not undo what was released and marked until now, unless the disk fails. */
  save(): void;
  /** What was marked last, by an earlier process, too; undefined: nothing. */
  markOf(output: string): Mark | undefined;
  /** Forgets [from, to): it will be skipped by `read`. */
  discard(from: number, to: number): void;
  /** The process ends: what is kept is for the next one. Resolves when it is as safe as it will be; the journal is not used from the call on. */
  close(): Promise<void>;
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
