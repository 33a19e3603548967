/** `nats-transport=core`: plain publishing. The server's PONG confirms that it has taken what was sent before. */
import type { Target } from '../core/target.ts';
import { lineKernel, type CommandShape } from '../core/line-kernel.ts';
import type { OutputPlan } from '../core/plan.ts';
import type { Formatted, Formatter, FrameRun, LogEntry, PayloadShape, Tally, Transport, TransportListener, Written } from '../core/types.ts';
import type { Connection } from '../nats/connection.ts';
import type { Connections } from '../nats/connections.ts';
import type { Lane } from '../nats/outbox.ts';
import { PubFramer } from '../nats/pub-framer.ts';

export class CoreTransport implements Transport, Lane {
  readonly subject: string;
  readonly deadLetterSubject: string | undefined;
  readonly #connections: Connections;
  readonly #connection: Connection;
  readonly #target: Target;
  readonly #framer: PubFramer;
  readonly #deadLetters: PubFramer | undefined;
  readonly #listener: TransportListener;
  /** Of the payload that was asked for last: a session has one. */
  #payload: PayloadShape | undefined;
  #command: CommandShape | undefined;
  #isOpen = true;

  constructor(connections: Connections, { target, subject, deadLetter }: OutputPlan, listener: TransportListener) {
    this.subject = subject;
    this.deadLetterSubject = deadLetter;
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

  writeFrames(run: FrameRun, payload: PayloadShape): number {
    if (lineKernel === undefined) return 0;
    const { outbox, maxPayload } = this.#connection;
    const lines = lineKernel.write(run, this.#commandAround(payload), outbox.out, maxPayload, outbox.enough);
    if (lines > 0) outbox.wrote();
    return lines;
  }

  write(entry: LogEntry, formatter: Formatter): Formatted {
    return this.#write(this.#framer, entry, formatter);
  }

  writeDeadLetter(entry: LogEntry, formatter: Formatter): Written {
    const formatted = this.#deadLetters === undefined ? 'too-large' : this.#write(this.#deadLetters, entry, formatter);
    return formatted === 'too-large' ? formatted : 'dead-letter';
  }

  #commandAround(payload: PayloadShape): CommandShape {
    if (this.#command === undefined || payload !== this.#payload) this.#command = this.#framer.around(payload);
    this.#payload = payload;
    return this.#command;
  }

  #write(framer: PubFramer, entry: LogEntry, formatter: Formatter): Formatted {
    const { out } = this.#connection.outbox;
    const start = out.length;
    framer.open(out);
    const before = out.length;
    const formatted = formatter.format(entry, out, this.#connection.maxPayload);
    if (formatted === 'too-large') {
      out.rewind(start);
      return formatted;
    }
    framer.close(out, out.length - before);
    this.#connection.outbox.wrote();
    return formatted;
  }

  commit(watermark: number, tally: Tally): void {
    this.#connection.outbox.commit(this, watermark, tally);
  }

  hurry(): void {
    this.#connection.outbox.hurry();
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

  confirmed(watermark: number, tally: Tally, refused: boolean, areLettersRefused: boolean): void {
    if (areLettersRefused) {
      tally.lostLetters = tally.deadLettered;
      tally.lines -= tally.deadLettered;
      tally.deadLettered = 0;
    }
    this.#listener.confirmed(watermark, tally, refused);
  }

  lost(): void {
    this.#listener.lost();
  }

  gaveUp(): void {
    this.#listener.gaveUp();
  }
}
