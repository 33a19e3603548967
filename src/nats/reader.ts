/**
 * Reads messages back: from a stream, or as they are published. One connection; whoever wants more than it lasts opens
 * another one.
 */
import type { JetStreamOptions, JsMsg, Msg, MsgHdrs } from 'nats';
import type { NatsConnectionImpl } from 'nats/lib/nats-base-client/nats.js';
import { jetStreamApi, type Target } from '../core/target.ts';
import type { LinkSettings } from './link.ts';
import { NatsFault, openAny } from './open-any.ts';
import { covers } from './subject.ts';

/** Messages that the server may send ahead of what was read. */
const AHEAD = 200;
/** The server forgets the position of a reader that is gone. */
const FORGOTTEN_MS = 30_000;
/** How often a connection on which nothing comes is looked at. */
const WATCH_MS = 5000;
/** A server that does not answer for this long hangs. */
const HUNG_MS = 10_000;

export interface ReadMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** In the stream; undefined: it came live. */
  readonly position?: number;
  /** As the driver numbers the lines of one run of a container; undefined: it did not. */
  readonly session?: string;
  readonly sequence?: number;
}

export interface StreamFacts {
  readonly name: string;
  readonly subjects: readonly string[];
  /** Positions of its first and its last message. */
  readonly first: number;
  readonly last: number;
}

/** Where reading begins: at a position, or at a time. */
export type Start = { readonly position: number } | { readonly time: Date };

export class Reader {
  /** Resolves with the reason when the connection is gone. */
  readonly lost: Promise<string>;
  readonly #client: NatsConnectionImpl;
  readonly #target: Target;
  readonly #watchdog: NodeJS.Timeout;
  #isLost = false;

  private constructor(client: NatsConnectionImpl, target: Target) {
    this.#client = client;
    this.#target = target;
    this.lost = client.closed().then((error) => {
      this.#isLost = true;
      return error?.message || 'closed by the server';
    });
    this.#watchdog = setInterval(() => void this.#watch(), WATCH_MS);
  }

  /** To the first server that takes it. Rejects with NatsFault. */
  static async open(target: Target, settings: LinkSettings): Promise<Reader> {
    return new Reader(await openAny(target, settings), target);
  }

  get #api(): JetStreamOptions {
    return { apiPrefix: jetStreamApi(this.#target) };
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Names of the streams that hold messages of the subject, or of a part of it; undefined: JetStream does not tell. */
  async streamsOf(subject: string): Promise<readonly string[] | undefined> {
    try {
      const answer = await this.#client.request(`${jetStreamApi(this.#target)}.STREAM.NAMES`, JSON.stringify({ subject }), { timeout: 3000 });
      const { error, streams } = JSON.parse(answer.string()) as { error?: unknown; streams?: readonly string[] | null };
      return error === undefined ? streams ?? [] : undefined;
    } catch {
      return undefined;
    }
  }

  /** Rejects with NatsFault. */
  async stream(name: string): Promise<StreamFacts> {
    try {
      const manager = await this.#client.jetstreamManager({ ...this.#api, checkAPI: false });
      const { config, state } = await manager.streams.info(name);
      return { name, subjects: config.subjects ?? [], first: state.first_seq, last: state.last_seq };
    } catch (error) {
      throw new NatsFault(`stream ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** What the stream has from `start` on, up to `end` (a position) or without end; ends early when it is aborted or lost. */
  async *history({ name, subjects }: StreamFacts, subject: string, start: Start, end: number | undefined, signal: AbortSignal): AsyncGenerator<ReadMessage> {
    // A filter has to be a part of what the stream holds; a wider one would change nothing.
    const isPart = subjects.some((each) => covers(each, subject)) && !subjects.every((each) => covers(subject, each));
    const consumer = await this.#client.jetstream(this.#api).consumers.get(name, {
      ...(isPart ? { filterSubjects: subject } : {}),
      ...('position' in start ? { opt_start_seq: start.position } : { opt_start_time: start.time.toISOString() }),
      inactive_threshold: FORGOTTEN_MS,
    });
    if (end !== undefined && (await consumer.info()).num_pending === 0) return;
    const messages = await consumer.consume({ max_messages: AHEAD });
    const stop = (): void => messages.stop();
    signal.addEventListener('abort', stop);
    void this.lost.then(stop);
    if (signal.aborted) stop();
    try {
      for await (const message of messages) {
        if (end !== undefined && message.seq > end) break;
        if (covers(subject, message.subject)) yield ofStream(message);
        if (end !== undefined && (message.seq === end || message.info.pending === 0)) break;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
      if (!this.#client.isClosed()) await consumer.delete().catch(() => false);
    }
  }

  /** What is published from now on; ends when it is aborted or lost. Rejects with NatsFault when it is not permitted. */
  async *live(subject: string, signal: AbortSignal): AsyncGenerator<ReadMessage> {
    const subscription = this.#client.subscribe(subject);
    const stop = (): void => subscription.unsubscribe();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      for await (const message of subscription) yield ofCore(message);
    } catch (error) {
      throw new NatsFault(error instanceof Error ? error.message : String(error));
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#watchdog);
    await this.#client.close();
  }

  async #watch(): Promise<void> {
    const late = setTimeout(() => void this.close(), HUNG_MS);
    await this.#client.flush().catch(() => undefined);
    clearTimeout(late);
  }
}

function ofStream({ subject, data, seq, headers }: JsMsg): ReadMessage {
  return { subject, data, position: seq, ...numbering(headers) };
}

function ofCore({ subject, data, headers }: Msg): ReadMessage {
  return { subject, data, ...numbering(headers) };
}

function numbering(headers: MsgHdrs | undefined): Pick<ReadMessage, 'session' | 'sequence'> {
  const [session, sequence] = [headers?.get('Nats-Log-Session') ?? '', Number(headers?.get('Nats-Log-Sequence'))];
  return session === '' || !Number.isSafeInteger(sequence) || sequence < 1 ? {} : { session, sequence };
}
