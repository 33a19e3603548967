/**
 * One established connection to one server: the only place that touches the client. Reconnecting, buffering and
 * heartbeats of the client are not used: it drops what it buffered at each attempt, never leaves a server that
 * hangs, takes no notice of a URL's scheme and credentials, and gives up after two refusals in a row.
 */
import { isIP } from 'node:net';
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { ConnectionOptions, TlsOptions } from 'nats';
import { NatsConnectionImpl } from 'nats/lib/nats-base-client/nats.js';
import { setTransportFactory } from 'nats/lib/nats-base-client/transport.js';
import type { Target } from '../core/target.ts';
import type { PooledServer } from './server-pool.ts';
import type { Receive } from './answer-parser.ts';
import { ClientSocket } from './socket.ts';
import { verification } from './verification.ts';

/** What the server's administrative interface takes on a bad day. */
const REQUEST_TIMEOUT_MS = 5000;
/** nats-server's default, should one not tell. */
const DEFAULT_MAX_PAYLOAD = 1024 * 1024;
/** The client's heartbeat is switched off: it ends in a wait for the hung server. Largest delay of a timer. */
const NEVER_MS = 2 ** 31 - 1;

export interface LinkListener {
  /** The server refused to take messages for `subject`. */
  refused(subject: string): void;
  /** The server refused the subscription to `subject`. */
  deaf(subject: string): void;
  /** The server is about to shut down. */
  lameDuck(): void;
  /** The link is gone; called once, also after `close`. */
  closed(reason: string): void;
}

export interface Link {
  /** Largest payload that the server takes, in bytes. */
  readonly maxPayload: number;
  /** Other servers of the cluster, as `host:port`. */
  readonly discovered: readonly string[];
  readonly serverVersion: string;
  /** Sends encoded commands. The bytes belong to the link until a later PING is answered, or until it is closed. */
  send(bytes: Uint8Array): void;
  /** Resolves when the server has taken everything sent before; rejects when the link is lost. */
  ping(): Promise<void>;
  /** Subscribes to `<inbox>.*`; the bytes are valid during the call. To be called once. */
  takeAnswers(inbox: string, receive: Receive): void;
  /** Resolves with the first answer; rejects when none comes. */
  request(subject: string, body: string): Promise<string>;
  close(): void;
}

/** Rejects with the client's or the system's error; see `describeDialError`. */
export async function dial(server: PooledServer, target: Target, name: string, listener: LinkListener): Promise<Link> {
  const client = await openClient(server, target, name);
  return new ClientLink(client, client.protocol.transport as ClientSocket, listener);
}

/** A client with one connection to one server, which ends with it. Rejects as `dial` does. */
export async function openClient(server: PooledServer, target: Target, name: string): Promise<NatsConnectionImpl> {
  const tls = server.tls ? await tlsOptions(server, target) : undefined;
  const options: ConnectionOptions = {
    servers: `${isIP(server.host) === 6 ? `[${server.host}]` : server.host}:${server.port}`,
    name,
    ...credentials(server, target),
    ...(tls === undefined ? {} : { tls }),
    resolve: false,
    reconnect: false,
    maxReconnectAttempts: 1,
    ignoreClusterUpdates: true,
    noEcho: true,
    noAsyncTraces: true,
    pingInterval: NEVER_MS,
    timeout: target.connectTimeoutMs,
    inboxPrefix: target.inboxPrefix,
  };
  setTransportFactory({ factory: () => new ClientSocket() });
  return await NatsConnectionImpl.connect(options) as NatsConnectionImpl;
}

class ClientLink implements Link {
  readonly maxPayload: number;
  readonly discovered: readonly string[];
  readonly serverVersion: string;
  readonly #client: NatsConnectionImpl;
  readonly #socket: ClientSocket;

  constructor(client: NatsConnectionImpl, socket: ClientSocket, listener: LinkListener) {
    this.#client = client;
    this.#socket = socket;
    this.maxPayload = client.info?.max_payload ?? DEFAULT_MAX_PAYLOAD;
    this.discovered = client.info?.connect_urls ?? [];
    this.serverVersion = client.info?.version ?? '';
    void this.#watch(listener);
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  async ping(): Promise<void> {
    await this.#client.flush();
    // A refusal that came before the PONG reaches `refused` a few microtasks later.
    await setImmediate();
  }

  takeAnswers(inbox: string, receive: Receive): void {
    this.#socket.takeAnswers(inbox, receive);
    // Nothing of it reaches the client.
    this.#client.subscribe(`${inbox}.*`, { callback: () => undefined });
  }

  async request(subject: string, body: string): Promise<string> {
    return (await this.#client.request(subject, Buffer.from(body), { timeout: REQUEST_TIMEOUT_MS })).string();
  }

  close(): void {
    // Draining would wait for a server that hangs.
    void this.#client.close();
  }

  async #watch(listener: LinkListener): Promise<void> {
    void this.#watchStatus(listener);
    const error = await this.#client.closed();
    listener.closed(error?.message || 'closed by the server');
  }

  async #watchStatus(listener: LinkListener): Promise<void> {
    for await (const status of this.#client.status()) {
      if (status.type === 'ldm') listener.lameDuck();
      const { permissionContext } = status;
      if (permissionContext?.operation === 'subscription') listener.deaf(permissionContext.subject);
      if (permissionContext?.operation === 'publish') listener.refused(permissionContext.subject);
    }
  }
}

/** A URL's user info wins over the options, as in the original driver's client. */
function credentials(server: PooledServer, target: Target): Pick<ConnectionOptions, 'user' | 'pass' | 'token'> {
  const source = server.user !== undefined || server.token !== undefined ? server : target;
  return {
    ...(source.user === undefined ? {} : { user: source.user }),
    ...(source.pass === undefined ? {} : { pass: source.pass }),
    ...(source.token === undefined ? {} : { token: source.token }),
  };
}

async function tlsOptions(server: PooledServer, { tls }: Target): Promise<TlsOptions & { rejectUnauthorized: boolean }> {
  const [ca, cert, key] = await Promise.all([tls?.caFile, tls?.certFile, tls?.keyFile].map(readIfNamed));
  return {
    ...verification(tls?.serverName ?? server.tlsName ?? server.host),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    handshakeFirst: tls?.handshakeFirst ?? false,
    rejectUnauthorized: !(tls?.skipVerify ?? false),
  };
}

async function readIfNamed(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : await readFile(path, 'utf8');
}
