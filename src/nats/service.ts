/**
 * The answers of a NATS service: `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`, to all, by name, and by id, and one endpoint.
 * Source: nats-architecture-and-design ADR-32. The client has it too, but there a service ends with its connection (the
 * next one has another id and counts from 0), and an answer that cannot be sent ends the process.
 */
import { randomBytes } from 'node:crypto';
import type { EndpointInfo, ServiceInfo, ServiceStats } from 'nats';
import type { Link } from './link.ts';

export interface ServiceDescription {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly metadata: () => Readonly<Record<string, string>>;
  readonly endpoint: { readonly name: string; readonly subject: string; readonly metadata?: Readonly<Record<string, string>> };
  /** The endpoint's answer of at most `limit` bytes. */
  readonly answer: (limit: number) => Promise<string>;
  /** Statistics of the service's own kind. */
  readonly data: () => Promise<object>;
}

/** Of those that serve one endpoint, one gets each request. */
const QUEUE = 'q';

export class Service {
  readonly #description: ServiceDescription;
  readonly #id = randomBytes(11).toString('hex').toUpperCase();
  readonly #started = new Date().toISOString();
  #requests = 0;
  #errors = 0;
  #lastError: string | undefined;
  #nanos = 0;

  constructor(description: ServiceDescription) {
    this.#description = description;
  }

  /** Answers on this link, until it is closed, or the function that is returned is called. */
  open(link: Link): () => void {
    const { name, endpoint } = this.#description;
    const answers: readonly [verb: string, answer: () => object | Promise<object>][] = [
      ['PING', () => this.#answer('ping')], ['INFO', () => this.#info()], ['STATS', () => this.#stats()],
    ];
    const ends = answers.flatMap(([verb, answer]) => ['', `.${name}`, `.${name}.${this.#id}`].map((suffix) =>
      link.serve(`$SRV.${verb}${suffix}`, undefined, async (reply) => void link.tell(reply, JSON.stringify(await answer())))));
    ends.push(link.serve(endpoint.subject, QUEUE, async (reply) => await this.#serve(link, reply)));
    return () => ends.forEach((end) => end());
  }

  async #serve(link: Link, reply: string): Promise<void> {
    const from = process.hrtime.bigint();
    this.#requests++;
    if (!link.tell(reply, await this.#description.answer(link.maxPayload))) {
      this.#errors++;
      this.#lastError = 'the answer could not be sent';
    }
    this.#nanos += Number(process.hrtime.bigint() - from);
  }

  #answer<Kind extends string>(kind: Kind) {
    const { name, version, metadata } = this.#description;
    return { name, id: this.#id, version, metadata: metadata(), type: `io.nats.micro.v1.${kind}_response` as const };
  }

  #info(): Readonly<Omit<ServiceInfo, 'type'>> {
    const { description, endpoint: { name, subject, metadata = {} } } = this.#description;
    const endpoint: EndpointInfo = { name, subject, queue_group: QUEUE, metadata };
    return { ...this.#answer('info'), description, endpoints: [endpoint] };
  }

  async #stats(): Promise<Readonly<Omit<ServiceStats, 'type'>>> {
    const { endpoint: { name, subject }, data } = this.#description;
    return {
      ...this.#answer('stats'),
      started: this.#started,
      endpoints: [{
        name, subject, queue_group: QUEUE,
        num_requests: this.#requests,
        num_errors: this.#errors,
        ...this.#lastError === undefined ? {} : { last_error: this.#lastError },
        processing_time: this.#nanos,
        average_processing_time: this.#requests === 0 ? 0 : Math.round(this.#nanos / this.#requests),
        data: await data(),
      }],
    };
  }
}
