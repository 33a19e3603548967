/**
 * The lines of a session as they are read, beside their way to NATS: for a person who looks on. It reads the journal
 * once more, right behind the FIFO, whatever NATS does; while nobody looks it does not exist.
 */
import type { Journal } from './core/journal.ts';
import type { EntrySink, LogEntry } from './core/types.ts';
import { FrameDecoder } from './docker/frame-decoder.ts';
import { HeldBytes, Reassembler } from './stages/reassemble.ts';

/** For a line that the engine split; what is longer comes in pieces. */
const HELD_LINE_BYTES = 256 * 1024;

export interface TailListener {
  /** The entry is valid during the call. */
  line(entry: LogEntry): void;
  /** The session has ended. */
  ended(): void;
}

export class Tail implements EntrySink {
  readonly #listener: TailListener;
  readonly #decoder: FrameDecoder;
  #cursor: number;

  /** `from`: offset of the first byte that is looked at; a frame that began before is left out. */
  constructor(from: number, listener: TailListener) {
    this.#listener = listener;
    this.#cursor = from;
    this.#decoder = new FrameDecoder(new Reassembler(this, new HeldBytes(HELD_LINE_BYTES)), () => undefined);
    this.#decoder.resume(from);
  }

  /** Reads on, up to the head. What is confirmed or given up already is left out. */
  follow(journal: Pick<Journal, 'head' | 'read'>): void {
    while (this.#cursor < journal.head) {
      const run = journal.read(this.#cursor);
      if (run === undefined || run === 'later') return;
      if (run.offset !== this.#cursor) this.#decoder.resume(run.offset);
      this.#cursor = run.offset + run.bytes.length;
      this.#decoder.push(run.bytes);
    }
  }

  write(entry: LogEntry): void {
    this.#listener.line(entry);
  }

  end(): void {
    this.#listener.ended();
  }
}
