/** Subscribes to everything that a nats-server passes on, holds each message against its schema, and keeps them by container. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { connect } from 'nats';
import type { ConnectionOptions, Msg, NatsConnection } from 'nats';
import { SERVICE_NAME } from '../../src/nats/presence.ts';
import { until } from './wait.ts';

/** `schema/message.schema.json`, as a type. */
export interface Body {
  readonly container_id: string;
  readonly container_name: string;
  readonly image_id: string;
  readonly image_name: string;
  readonly hostname: string;
  readonly tag: string;
  readonly time: string;
  readonly text: string;
  readonly source: 'stdout' | 'stderr' | 'driver';
  readonly truncated?: number;
  readonly partial_id?: string;
  readonly partial_ordinal?: number;
  readonly partial_last?: boolean;
  readonly [attribute: string]: string | number | boolean | undefined;
}

export interface Message {
  readonly subject: string;
  readonly body: Body;
}

/** The keys of every message, in their order. */
export const FIXED_KEYS = ['container_id', 'container_name', 'image_id', 'image_name', 'hostname', 'tag', 'time', 'text', 'source'];

const schema = JSON.parse(readFileSync(new URL('../../schema/message.schema.json', import.meta.url), 'utf8')) as object;
const ajv = new Ajv();
const isValid = ajv.compile(schema);

export class Collector {
  readonly #client: NatsConnection;
  readonly #messages = new Map<string, Message[]>();
  readonly #faults: string[] = [];

  private constructor(client: NatsConnection) {
    this.#client = client;
    client.subscribe('>', { callback: (error, message) => (error === null ? this.#add(message) : this.#faults.push(error.message)) });
  }

  /** Resolves when the server knows of the subscription. */
  static async connect(options: ConnectionOptions): Promise<Collector> {
    const collector = new Collector(await connect(options));
    await collector.#client.flush();
    return collector;
  }

  /**
   * Resolves with the messages of a container when there are `count`, or more. Rejects when there are fewer, or when any message of any
   * container is not as the schema says.
   */
  async messages(container: string, count: number, timeoutMs?: number): Promise<readonly Message[]> {
    await this.#until(container, count, () => this.count(container), timeoutMs);
    return this.#found(container);
  }

  /** The texts without those that came again after a connection was lost. Resolves when there are `count`, or more. */
  async distinctTexts(container: string, count: number, timeoutMs?: number): Promise<string[]> {
    const texts = (): Set<string> => new Set(this.#found(container).map(({ body }) => body.text));
    await this.#until(container, count, () => texts().size, timeoutMs);
    return [...texts()];
  }

  /** The one message of a container that has written one line. */
  async only(container: string, timeoutMs?: number): Promise<Message> {
    const [message, another] = await this.messages(container, 1, timeoutMs);
    if (message === undefined || another !== undefined) throw new Error(`more than one message of ${container}`);
    return message;
  }

  async bodies(container: string, count: number, timeoutMs?: number): Promise<Body[]> {
    return (await this.messages(container, count, timeoutMs)).map(({ body }) => body);
  }

  async texts(container: string, count: number, timeoutMs?: number): Promise<string[]> {
    return (await this.bodies(container, count, timeoutMs)).map(({ text }) => text);
  }

  /** The texts that have come so far. */
  received(container: string): string[] {
    return this.#found(container).map(({ body }) => body.text);
  }

  /** How many messages of a container have come so far. */
  count(container: string): number {
    return this.#found(container).length;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #found(container: string): readonly Message[] {
    return this.#messages.get(container) ?? [];
  }

  async #until(container: string, count: number, reached: () => number, timeoutMs?: number): Promise<void> {
    try {
      await until(`${count} messages of ${container}`, () => this.#faults.length > 0 || reached() >= count, timeoutMs);
    } catch (error) {
      throw new Error(`${reached()} messages of ${container} came, ${count} were expected`, { cause: error });
    }
    // What the server took before it answers this is here afterwards, so that one message too many is seen.
    await this.#client.flush();
    if (this.#faults.length > 0) throw new Error(`not as the schema says:\n${this.#faults.slice(0, 5).join('\n')}`);
  }

  #add({ subject, data }: Msg): void {
    // What the driver tells of itself.
    if (subject.startsWith(`${SERVICE_NAME}.`)) return;
    const json = Buffer.from(data).toString();
    const body = parse(json);
    if (body === undefined) {
      this.#faults.push(`${ajv.errorsText(isValid.errors)}: ${json.slice(0, 500)}`);
      return;
    }
    const messages = this.#messages.get(body.container_name) ?? [];
    this.#messages.set(body.container_name, messages);
    messages.push({ subject, body });
  }
}

/** Undefined when the text is no JSON, not as the schema says, or has its keys in another order. */
function parse(json: string): Body | undefined {
  try {
    const body: unknown = JSON.parse(json);
    const isInOrder = isValid(body) && FIXED_KEYS.every((key, at) => Object.keys(body as Body)[at] === key);
    return isInOrder ? (body as Body) : undefined;
  } catch {
    return undefined;
  }
}
