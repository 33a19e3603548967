/**
 * A key of a JetStream KV bucket, watched: tells its value, and each new one. Has a connection of its own, which is dialled
 * again for as long as it is wanted. Nobody waits for it.
 */
import type { NatsConnectionImpl } from 'nats/lib/nats-base-client/nats.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../core/log.ts';
import { jetStreamApi, serverName, type Target } from '../core/target.ts';
import { describeDialError } from './dial-error.ts';
import { openClient, type LinkSettings } from './link.ts';

/** After a failure: from … to …, doubling. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** How often a connection on which nothing comes is looked at, and when it hangs. */
const WATCH_MS = 5000;
const HUNG_MS = 10_000;

export interface KvWatchSettings {
  readonly target: Target;
  readonly bucket: string;
  readonly key: string;
  readonly link: LinkSettings;
  readonly log: Log;
  /** undefined: the key was deleted, or never set. */
  readonly changed: (text: string | undefined) => void;
}

export class KvWatch {
  readonly #settings: KvWatchSettings;
  readonly #closing = new AbortController();
  #client: NatsConnectionImpl | undefined;

  constructor(settings: KvWatchSettings) {
    this.#settings = settings;
    void this.#run();
  }

  close(): void {
    this.#closing.abort();
    void this.#client?.close();
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#isClosed; failures++) {
      for (const server of this.#settings.target.servers) {
        if (this.#isClosed) return;
        if (await this.#stay(server)) failures = 0;
      }
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 16));
      await sleep(wait, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined);
    }
  }

  /** Watches there until that is over; whether anything was seen. */
  async #stay(server: Target['servers'][number]): Promise<boolean> {
    const { target, link, log, bucket, key } = this.#settings;
    let hasSeen = false;
    let watchdog: NodeJS.Timeout | undefined;
    try {
      const client = await openClient(server, target, link);
      this.#client = client;
      if (this.#isClosed) return false;
      watchdog = setInterval(() => void leaveHung(client), WATCH_MS).unref();
      for await (const text of this.#values(client)) {
        hasSeen = true;
        if (!this.#isClosed) this.#settings.changed(text);
      }
      if (!this.#isClosed) log.limited('warn', 'kv lost', 'the configuration in NATS is not watched now: the connection is lost', { bucket, key, server: serverName(server) });
    } catch (error) {
      const reason = this.#client === undefined ? describeDialError(error).reason : error instanceof Error ? error.message : String(error);
      if (!this.#isClosed) log.limited('warn', `kv ${reason}`, 'the configuration in NATS cannot be read: the last good one holds', { bucket, key, server: serverName(server), reason });
    } finally {
      clearInterval(watchdog);
      const client = this.#client;
      this.#client = undefined;
      await client?.close();
    }
    return hasSeen;
  }

  /** Ends with the connection. */
  async *#values(client: NatsConnectionImpl): AsyncGenerator<string | undefined> {
    const { target, bucket, key } = this.#settings;
    const kv = await client.jetstream({ apiPrefix: jetStreamApi(target) }).views.kv(bucket, { bindOnly: true });
    // The bucket must exist, and an absent key be told from one that is on its way.
    const first = await kv.get(key);
    yield first === null || first.operation !== 'PUT' ? undefined : first.string();
    const watch = await kv.watch({ key, ...(first === null ? {} : { resumeFromRevision: first.revision + 1 }) });
    void client.closed().then(() => watch.stop());
    for await (const { operation, value } of watch) yield operation === 'PUT' ? Buffer.from(value).toString() : undefined;
  }
}

async function leaveHung(client: NatsConnectionImpl): Promise<void> {
  const isAlive = await Promise.race([client.flush().then(() => true, () => false), sleep(HUNG_MS, false, { ref: false })]);
  if (!isAlive) await client.close();
}
