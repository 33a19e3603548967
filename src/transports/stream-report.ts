/** What is said, and done, about a stream that does not take a session's lines. */
import type { Log } from '../core/log.ts';
import type { OutputPlan } from '../core/plan.ts';
import type { Connection } from '../nats/connection.ts';
import { addCommand } from '../nats/make-stream.ts';
import { NO_STREAM, OTHER_STREAM, type Answer } from '../nats/publish-answer.ts';

/** Longest that lines wait to hear whether there is a stream: one question takes a millisecond, but a user who may not ask is not answered at all. */
const PENDING_MS = 2000;

export class StreamReport {
  /**
   * A stream that is missing is to be made, and it is not known yet whether it is, or it is being made: of what is published meanwhile, the stream
   * would take later messages and not earlier ones.
   */
  isPending: boolean;
  readonly #connection: Connection;
  readonly #plan: OutputPlan;
  readonly #log: Log;
  readonly #settled: () => void;
  readonly #timer: NodeJS.Timeout | undefined;

  /** `settled`: it is not pending any more. */
  constructor(connection: Connection, plan: OutputPlan, log: Log, settled: () => void) {
    this.#connection = connection;
    this.#plan = plan;
    this.#log = log;
    this.#settled = settled;
    const isAsking = connection.streams.ask(plan.subject, this.#lookedUp);
    this.isPending = isAsking && plan.stream?.create === true;
    if (this.isPending) this.#timer = setTimeout(() => this.#settle(), PENDING_MS);
  }

  /** A message was not stored. A stream that is missing is made, if it is to be. */
  tell(answer: Answer): void {
    const { subject, stream, target } = this.#plan;
    const { kind, code, reason } = answer;
    const isMissing = code === NO_STREAM.code;
    if (isMissing && stream?.create === true) void this.#connection.makeStream(stream).then(() => this.#settle());
    this.#log.event('stream-failing', 'warn', kind === 'never' ? 'JetStream refuses a message for good' : 'JetStream does not store: lines wait', {
      subject, reason, ...(isMissing ? { remedy: addCommand(stream?.name, target, subject) } : {}),
    }, `jetstream ${code} ${subject}`);
  }

  end(): void {
    this.isPending = false;
    clearTimeout(this.#timer);
    this.#connection.streams.forget(this.#plan.subject, this.#lookedUp);
  }

  /** Which streams take the subject: known before anything is published there, or soon. */
  readonly #lookedUp = (streams: readonly string[] | undefined): void => {
    const { stream } = this.#plan;
    if (streams?.length === 0) return this.tell(NO_STREAM);
    if (streams !== undefined && stream !== undefined && !streams.includes(stream.name)) this.tell(OTHER_STREAM);
    this.#settle();
  };

  #settle(): void {
    if (!this.isPending) return;
    this.isPending = false;
    clearTimeout(this.#timer);
    this.#settled();
  }
}
