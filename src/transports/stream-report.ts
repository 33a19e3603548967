/** What is said, and done, about a stream that does not take a session's lines. */
import type { Log } from '../core/log.ts';
import type { OutputPlan } from '../core/plan.ts';
import type { Connection } from '../nats/connection.ts';
import { addCommand } from '../nats/make-stream.ts';
import { NO_STREAM, OTHER_STREAM, type Answer } from '../nats/publish-answer.ts';

export class StreamReport {
  readonly #connection: Connection;
  readonly #plan: OutputPlan;
  readonly #log: Log;

  constructor(connection: Connection, plan: OutputPlan, log: Log) {
    this.#connection = connection;
    this.#plan = plan;
    this.#log = log;
    connection.streams.ask(plan.subject, this.#lookedUp);
  }

  /** A message was not stored. A stream that is missing is made, if it is to be. */
  tell(answer: Answer): void {
    const { subject, stream, target } = this.#plan;
    const { kind, code, reason } = answer;
    const isMissing = code === NO_STREAM.code;
    if (isMissing && stream?.create === true) void this.#connection.makeStream(stream);
    this.#log.event('stream-failing', 'warn', kind === 'never' ? 'JetStream refuses a message for good' : 'JetStream does not store: lines wait', {
      subject, reason, ...(isMissing ? { remedy: addCommand(stream?.name, target, subject) } : {}),
    }, `jetstream ${code} ${subject}`);
  }

  end(): void {
    this.#connection.streams.forget(this.#plan.subject, this.#lookedUp);
  }

  /** Which streams take the subject: known before anything is published there, or soon. */
  readonly #lookedUp = (streams: readonly string[]): void => {
    const { stream } = this.#plan;
    if (streams.length === 0) this.tell(NO_STREAM);
    else if (stream !== undefined && !streams.includes(stream.name)) this.tell(OTHER_STREAM);
  };
}
