/** A JetStream stream of a test: made over the client, read back as a whole, and judged by the headers of its messages. */
import { connect, nanos, StorageType, type ConnectionOptions, type JetStreamManager, type JsMsg, type NatsConnection, type StreamConfig } from 'nats';
import type { Body } from './e2e-collector.ts';
import { until } from './wait.ts';

export interface Stored {
  readonly body: Body;
  readonly session: string;
  readonly sequence: number;
  readonly id: string;
  readonly subject: string;
}

export class Stream {
  readonly name: string;
  readonly #client: NatsConnection;
  readonly manager: JetStreamManager;

  private constructor(name: string, client: NatsConnection, manager: JetStreamManager) {
    this.name = name;
    this.#client = client;
    this.manager = manager;
  }

  /** Resolves when the server has it. `config`: what differs from a stream on disk for `logs.>`. */
  static async make(servers: string | string[], config: Partial<StreamConfig> = {}, options: ConnectionOptions = {}): Promise<Stream> {
    const stream = await Stream.of(servers, config.name, options);
    await until('the stream is made', () => stream.manager.streams.add({
      name: stream.name, subjects: ['logs.>'], storage: StorageType.File, duplicate_window: nanos(120_000), ...config,
    }).then(() => true, () => false));
    return stream;
  }

  /** For a stream that somebody else makes. */
  static async of(servers: string | string[], name = 'LOGS', options: ConnectionOptions = {}): Promise<Stream> {
    const client = await connect({ servers, reconnectTimeWait: 50, maxReconnectAttempts: -1, ...options });
    return new Stream(name, client, await client.jetstreamManager({ checkAPI: false }));
  }

  /** Messages in the stream; 0 while nobody answers. */
  async count(): Promise<number> {
    return await this.manager.streams.info(this.name).then(({ state }) => state.messages, () => 0);
  }

  /** Everything that it holds, in its order. */
  async read(): Promise<Stored[]> {
    return await Array.fromAsync(this.messages(), read);
  }

  /** The same, one by one, for more than fits into memory. Its leader says which is the last: a node that lags behind takes an earlier one for it. */
  async *messages(): AsyncGenerator<JsMsg> {
    const { messages, last_seq: last } = await until('the stream answers', () => this.manager.streams.info(this.name).then(({ state }) => state, () => undefined));
    if (messages === 0) return;
    const consumer = await this.#client.jetstream().consumers.get(this.name);
    for await (const message of await consumer.consume({ max_messages: 1000 })) {
      yield message;
      if (message.info.streamSequence >= last) return;
    }
  }

  /** Its leader gives way to another node. */
  async stepDown(): Promise<void> {
    await this.#client.request(`$JS.API.STREAM.LEADER.STEPDOWN.${this.name}`, '', { timeout: 5000 }).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

function read(message: JsMsg): Stored {
  const header = (name: string): string => message.headers?.get(name) ?? '';
  return {
    body: JSON.parse(message.string()) as Body, subject: message.subject, id: header('Nats-Msg-Id'),
    session: header('Nats-Log-Session'), sequence: Number(header('Nats-Log-Sequence')),
  };
}

/** What a consumer concludes from the headers: sessions whose numbers are not 1, 2, 3 … in this order. */
export function gaps(stored: readonly Stored[]): string[] {
  const last = new Map<string, number>();
  return stored.flatMap(({ session, sequence }) => {
    const before = last.get(session) ?? 0;
    last.set(session, sequence);
    return sequence === before + 1 ? [] : [`${session}: ${sequence} after ${before}`];
  });
}
