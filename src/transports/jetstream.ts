/**
 * `nats-transport=jetstream`: each message is confirmed by the stream that stored it. What a stream does not take now
 * is published again from the watermark, with the same identity, so that the stream stores it once.
 *
 * The server's refusals are told apart: a fault of the stream or the server makes the session wait and try again; a
 * message that is never taken goes to the dead-letter subject, or is counted and left out, and holds up nothing.
 */
import { newTally } from '../core/tally.ts';
import type { Log } from '../core/log.ts';
import type { OutputPlan } from '../core/plan.ts';
import { RECORD_ORDINAL, type Formatted, type Formatter, type LogEntry, type SessionId, type Tally, type Transport, type TransportListener, type Written } from '../core/types.ts';
import type { Unanswered } from '../nats/ack-window.ts';
import type { AckBatch, AckLane, Acks } from '../nats/acks.ts';
import type { Connection } from '../nats/connection.ts';
import type { Connections } from '../nats/connections.ts';
import { HpubFramer } from '../nats/hpub-framer.ts';
import type { Lane } from '../nats/outbox.ts';
import type { Answer } from '../nats/publish-answer.ts';
import { Condemned, isBefore, NOWHERE, ordinalOf, placeOf, type Place } from './place.ts';
import { StreamReport } from './stream-report.ts';

/** After a failure: from … to …, doubling. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** Until a batch is handed over. */
const NOT_COUNTED = newTally();

interface SessionBatch extends AckBatch {
  tally: Tally;
  /** The server does not permit the subject. */
  isRefused: boolean;
  /** One of its messages has to go elsewhere, or not at all. */
  isCondemned: boolean;
  /** Of its messages only the first was sent: whether that is stored shows whether a failure is over. */
  isProbe: boolean;
}

export class JetStreamTransport implements Transport, Lane, AckLane {
  readonly subject: string;
  readonly deadLetterSubject: string | undefined;
  readonly #connections: Connections;
  readonly #connection: Connection;
  readonly #acks: Acks;
  readonly #plan: OutputPlan;
  readonly #framer: HpubFramer;
  readonly #deadLetters: HpubFramer | undefined;
  readonly #condemned = new Condemned();
  readonly #listener: TransportListener;
  readonly #log: Log;
  readonly #report: StreamReport;
  /** Handed over and not confirmed, in order; what is written now belongs to `#current`. */
  #batches: SessionBatch[] = [];
  /** Handed over on this connection and not known to have been read by the server, in order; answers to some may not matter any more. */
  #unread: SessionBatch[] = [];
  #current: SessionBatch = this.#newBatch();
  /** Some of `#batches` are condemned. */
  #isCondemning = false;
  #failures = 0;
  /** Every message before it was stored when the latest failure was heard of. */
  #unstored: Place = NOWHERE;
  #backOff: NodeJS.Timeout | undefined;
  #isOpen = true;

  constructor(connections: Connections, plan: OutputPlan, { name, epoch }: SessionId, listener: TransportListener) {
    this.subject = plan.subject;
    this.#connections = connections;
    this.#plan = plan;
    this.#listener = listener;
    this.#log = connections.log;
    this.#connection = connections.acquire(plan.target);
    this.#acks = this.#connection.acks;
    const expected = plan.stream === undefined ? '' : `Nats-Expected-Stream: ${plan.stream.name}\r\n`;
    this.#framer = new HpubFramer(plan.subject, this.#acks.inbox, `${name}-${epoch}`, expected);
    const from = `Nats-Log-Subject: ${plan.subject}\r\n`;
    this.deadLetterSubject = plan.deadLetter;
    this.#deadLetters = plan.deadLetter === undefined ? undefined : new HpubFramer(plan.deadLetter, this.#acks.inbox, `${name}-${epoch}`, from);
    this.#connection.outbox.add(this);
    this.#report = new StreamReport(this.#connection, plan, connections.log, () => this.#listener.ready());
  }

  get isReady(): boolean {
    if (this.#isHeld || !this.#connection.outbox.isReady || !this.#acks.hasRoom) return false;
    // After a failure one message shows whether it is over.
    return this.#failures === 0 || this.#batches.length === 0;
  }

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** A pause after a failure, answers to be waited for, or a stream that is to be made: `ready` follows. */
  get #isHeld(): boolean {
    return this.#backOff !== undefined || this.#isCondemning || this.#report.isPending;
  }

  get isAway(): boolean {
    return this.#connection.isAway || this.#failures > 0;
  }

  get hasGivenUp(): boolean {
    return this.#connection.state === 'gave-up';
  }

  wait(): void {
    if (!this.#isOpen || this.#isHeld) return;
    if (!this.#connection.outbox.isReady) this.#connection.outbox.wait(this);
    else if (!this.#acks.hasRoom) this.#acks.wait(this);
  }

  write(entry: LogEntry, formatter: Formatter, sequence: number): Written {
    if (this.#isWithheld(entry)) return 'whole';
    const verdict = this.#condemned.verdictOn(entry);
    if (verdict === 'refused') return verdict;
    return verdict === 'dead-letter' ? this.writeDeadLetter(entry, formatter, sequence) : this.#write(this.#framer, entry, formatter, sequence);
  }

  writeDeadLetter(entry: LogEntry, formatter: Formatter, sequence: number): Written {
    if (this.#deadLetters === undefined) return 'too-large';
    if (this.#isWithheld(entry)) return 'dead-letter';
    if (this.#condemned.verdictOn(entry) === 'refused') return 'refused';
    const formatted = this.#write(this.#deadLetters, entry, formatter, sequence);
    return formatted === 'too-large' ? formatted : 'dead-letter';
  }

  /** After a failure the first message that is not known to be stored goes alone: the stream must not take later ones and not this one. */
  #isWithheld(entry: LogEntry): boolean {
    if (this.#failures === 0) return false;
    const { pending } = this.#current;
    if (pending === 0 && !isBefore(placeOf(entry), this.#unstored)) return false;
    if (pending > 0) this.#current.isProbe = true;
    return true;
  }

  #write(framer: HpubFramer, entry: LogEntry, formatter: Formatter, sequence: number): Formatted {
    const { out } = this.#connection.outbox;
    const { window } = this.#acks;
    const start = out.length;
    framer.open(out, window.next, entry, sequence);
    const before = out.length;
    const formatted = formatter.format(entry, out, this.#connection.maxPayload - framer.mostHeaderBytes);
    if (formatted === 'too-large') {
      out.rewind(start);
      return formatted;
    }
    framer.close(out, out.length - before);
    const isDeadLetter = framer === this.#deadLetters;
    window.add({ batch: this.#current, offset: entry.offset, ordinal: ordinalOf(entry), isDeadLetter }, out.length - start);
    this.#connection.outbox.wrote();
    return formatted;
  }

  commit(watermark: number, tally: Tally): void {
    const batch = this.#current;
    batch.watermark = watermark;
    batch.tally = tally;
    this.#batches.push(batch);
    this.#unread.push(batch);
    this.#current = this.#newBatch();
    // The outbox sends it; its PONG says no more than that the server has read it, and so many batches with it.
    const batches = newTally();
    batches.messages = 1;
    this.#connection.outbox.commit(this, watermark, batches);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#backOff);
    this.#report.end();
    this.#connection.outbox.remove(this);
    this.#acks.remove(this);
    this.#connections.release(this.#plan.target);
  }

  ready(): void {
    this.#listener.ready();
  }

  /** The server has read the oldest batches: what it `refused` will not be answered. */
  confirmed(_watermark: number, { messages: count }: Tally, refused: boolean, areLettersRefused: boolean): void {
    const read = this.#unread.splice(0, count);
    if (areLettersRefused) this.#refuseLetters(read);
    if (refused) this.#refuse(read);
    else for (const batch of read) this.#acks.read(batch);
    this.#settle();
  }

  /** The connection is lost, and the answers with it. */
  lost(): void {
    this.#unread = [];
    this.#reset();
    this.#listener.lost();
  }

  gaveUp(): void {
    this.#reset();
    this.#listener.gaveUp();
  }

  stored({ pending }: AckBatch): void {
    if (this.#failures > 0) this.#log.event('stream-healed', 'info', 'JetStream stores again', { subject: this.subject });
    this.#failures = 0;
    if (pending === 0) this.#settle();
  }

  failed(message: Unanswered<AckBatch>, answer: Answer): void {
    if (answer.kind !== 'never' && !message.isDeadLetter) return this.retry(answer, message);
    // It was judged: that failure is over.
    this.#failures = 0;
    this.#report.tell(answer);
    this.#condemn(message);
    this.#settle();
  }

  /** It goes elsewhere; what cannot, and what is no line, goes nowhere. All is published again when all answers are there. */
  #condemn({ batch, offset, ordinal, isDeadLetter }: Unanswered<AckBatch>): void {
    const isLost = this.#deadLetters === undefined || isDeadLetter || ordinal === RECORD_ORDINAL;
    this.#condemned.add({ offset, ordinal }, isLost ? 'refused' : 'dead-letter');
    (batch as SessionBatch).isCondemned = true;
    this.#isCondemning = true;
  }

  /** No answer has come in time: everything from the watermark on is published again, after a while. */
  retry(answer: Answer, message?: Place): void {
    if (this.#backOff !== undefined) return;
    this.#unstored = this.#firstUnstored(message);
    this.#report.tell(answer);
    this.#reset();
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures++);
    this.#backOff = setTimeout(() => {
      this.#backOff = undefined;
      this.#listener.ready();
    }, wait);
    this.#listener.lost();
  }

  #firstUnstored(message: Place | undefined): Place {
    // What was left out, or goes elsewhere, is no more stored than confirmed.
    if (!this.#condemned.isEmpty) return NOWHERE;
    const first = this.#acks.window.first(({ owner }) => owner === this);
    if (first === undefined || (message !== undefined && isBefore(message, first))) return message ?? NOWHERE;
    return first;
  }

  /** What was written goes out, but its answers mean nothing any more. */
  #reset(): void {
    this.#batches = [];
    this.#isCondemning = false;
    this.#current = this.#newBatch();
    this.#acks.forget(({ owner }) => owner === this);
  }

  /** No answer will come: they would be waited for in vain, and all that came with them. */
  #refuseLetters(read: readonly SessionBatch[]): void {
    const all = new Set<AckBatch>(read);
    for (const letter of this.#acks.takeLetters((batch) => all.has(batch))) this.#condemn(letter);
  }

  #refuse(read: readonly SessionBatch[]): void {
    const refused = read.filter(({ pending }) => pending > 0);
    const all = new Set<AckBatch>(refused);
    this.#acks.forget((batch) => all.has(batch));
    for (const batch of refused) batch.isRefused = true;
  }

  /** Confirms what is answered, in order. */
  #settle(): void {
    for (let batch = this.#batches[0]; this.#isOpen && batch?.pending === 0 && !batch.isCondemned; batch = this.#batches[0]) {
      // It was answered: all of it goes again, and the stream knows its first message.
      if (batch.isProbe && !batch.isRefused) return this.#publishAgain();
      this.#batches.shift();
      this.#condemned.forget(batch.watermark);
      this.#listener.confirmed(batch.watermark, batch.tally, batch.isRefused);
    }
    if (this.#isCondemning && this.#batches.every(({ pending }) => pending === 0)) this.#publishAgain();
    // After a failure the next batch waits for this one; and then for room, if there is none now.
    if (this.#isOpen && this.#batches.length === 0) this.#listener.ready();
  }

  /** All answers are there: what is condemned goes elsewhere now, and the rest is known to the stream. */
  #publishAgain(): void {
    this.#reset();
    this.#listener.lost();
  }

  #newBatch(): SessionBatch {
    return { owner: this, watermark: 0, tally: NOT_COUNTED, pending: 0, readAt: Number.POSITIVE_INFINITY, isRefused: false, isCondemned: false, isProbe: false };
  }
}
