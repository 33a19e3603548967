/** `nats-transport=core`: plain publishing. The server's PONG confirms that it has taken what was sent before. */
import type { Target } from '../core/target.ts';
import type { Formatted, Formatter, LogEntry, OutputPlan, Tally, Transport, TransportListener, Written } from '../core/types.ts';
import type { Connection } from '../nats/connection.ts';
import type { Connections } from '../nats/connections.ts';
import type { Lane } from '../nats/outbox.ts';
import { PubFramer } from '../nats/pub-framer.ts';

export class CoreTransport implements Transport, Lane {
  readonly subject: string;
  readonly #connections: Connections;
  readonly #connection: Connection;
  readonly #target: Target;
  readonly #framer: PubFramer;
  readonly #deadLetters: PubFramer | undefined;
  readonly #listener: TransportListener;
  #isOpen = true;

  constructor(connections: Connections, { target, subject, deadLetter }: OutputPlan, listener: TransportListener) {
    this.subject = subject;
    this.#deadLetters = deadLetter === undefined ? undefined : new PubFramer(deadLetter);
    this.#connections = connections;
    this.#target = target;
    this.#framer = new PubFramer(subject);
    this.#listener = listener;
    this.#connection = connections.acquire(target);
    this.#connection.outbox.add(this);
  }

  get isReady(): boolean {
    return this.#connection.outbox.isReady;
  }

  get isAway(): boolean {
    return this.#connection.isAway;
  }

  get hasGivenUp(): boolean {
    return this.#connection.state === 'gave-up';
  }

  wait(): void {
    if (this.#isOpen) this.#connection.outbox.wait(this);
  }

  write(entry: LogEntry, formatter: Formatter): Formatted {
    return this.#write(this.#framer, entry, formatter);
  }

  writeDeadLetter(entry: LogEntry, formatter: Formatter): Written {
    const formatted = this.#deadLetters === undefined ? 'too-large' : this.#write(this.#deadLetters, entry, formatter);
    return formatted === 'too-large' ? formatted : 'dead-letter';
  }

  #write(framer: PubFramer, entry: LogEntry, formatter: Formatter): Formatted {
    const { out } = this.#connection.outbox;
    framer.open(out);
    const before = out.pending;
    const formatted = formatter.format(entry, out, this.#connection.maxPayload);
    if (formatted === 'too-large') {
      out.rewind(out.length - framer.headSize);
      return formatted;
    }
    framer.close(out, out.pending - before);
    this.#connection.outbox.wrote();
    return formatted;
  }

  commit(watermark: number, tally: Tally): void {
    this.#connection.outbox.commit(this, watermark, tally);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#connection.outbox.remove(this);
    this.#connections.release(this.#target);
  }

  ready(): void {
    this.#listener.ready();
  }

  confirmed(watermark: number, tally: Tally, refused: boolean): void {
    this.#listener.confirmed(watermark, tally, refused);
  }

  lost(): void {
    this.#listener.lost();
  }

  gaveUp(): void {
    this.#listener.gaveUp();
  }
}
