/** Receives what a nats-server passes on, holds it against the message's schema, and comes back when the server was away. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { connect } from 'nats';
import type { ConnectionOptions, Msg, NatsConnection } from 'nats';
import type { Body } from './e2e-collector.ts';
import { SERVICE_NAME } from '../../src/nats/presence.ts';
import { until } from './wait.ts';

export type Receive = (body: Body, subject: string) => void;

const PROBE = 'probe';

const schema = JSON.parse(readFileSync(new URL('../../schema/message.schema.json', import.meta.url), 'utf8')) as object;
const ajv = new Ajv();
const isValid = ajv.compile<Body>(schema);

export class Subscriber {
  readonly #client: NatsConnection;
  readonly #receive: Receive;
  /** Messages that are not as the schema says. */
  readonly faults: string[] = [];
  #probes = 0;
  #reconnects = 0;

  private constructor(client: NatsConnection, receive: Receive, subject: string) {
    this.#client = client;
    this.#receive = receive;
    client.subscribe(subject, { callback: (error, message) => this.#take(error, message) });
    void this.#watch();
  }

  /** Resolves when the server knows of the subscription. */
  static async connect(options: ConnectionOptions, receive: Receive, subject = '>'): Promise<Subscriber> {
    const client = await connect({ reconnectTimeWait: 20, reconnectJitter: 0, maxReconnectAttempts: -1, ...options });
    const subscriber = new Subscriber(client, receive, subject);
    await client.flush();
    return subscriber;
  }

  /** How often it has lost its server and found one again. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** Resolves when it has come back for the `times`-th time and the server knows of the subscription. */
  async isBack(times = 1): Promise<void> {
    await until('the subscriber has reconnected', () => this.#reconnects >= times);
    await this.#client.flush();
  }

  /** Resolves when what is published on the server `url` reaches it: the nodes of a cluster tell each other with a delay. */
  async hears(url: string): Promise<void> {
    const publisher = await connect({ servers: url });
    try {
      const before = this.#probes;
      await until(`the subscriber hears ${url}`, () => {
        publisher.publish(PROBE);
        return this.#probes > before;
      });
    } finally {
      await publisher.close();
    }
  }

  /** All that the server had for it before this call has been received when it resolves. */
  async flush(): Promise<void> {
    await this.#client.flush();
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #take(error: Error | null, { subject, data }: Msg): void {
    if (error !== null) {
      this.faults.push(error.message);
      return;
    }
    if (subject === PROBE) {
      this.#probes++;
      return;
    }
    // What the driver tells of itself.
    if (subject.startsWith(`${SERVICE_NAME}.`)) return;
    const body = parse(data);
    if (body === undefined) this.faults.push(`${ajv.errorsText(isValid.errors)}: ${Buffer.from(data).toString().slice(0, 500)}`);
    else this.#receive(body, subject);
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#client.status()) {
      if (type === 'reconnect') this.#reconnects++;
    }
  }
}

/** Undefined when it is no JSON or not as the schema says. */
function parse(data: Uint8Array): Body | undefined {
  try {
    const body: unknown = JSON.parse(Buffer.from(data).toString());
    return isValid(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
