/**
 * One established connection to one server: the only place that touches the client. Reconnecting, buffering and
 * heartbeats of the client are not used: it drops what it buffered at each attempt, never leaves a server that
 * hangs, takes no notice of a URL's scheme and credentials, and gives up after two refusals in a row.
 */
import { isIP } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { jwtAuthenticator, nkeyAuthenticator, type Authenticator, type ConnectionOptions, type TlsOptions } from 'nats';
import { NatsConnectionImpl } from 'nats/lib/nats-base-client/nats.js';
import { setTransportFactory } from 'nats/lib/nats-base-client/transport.js';
import type { Credentials, ReadLogin, ReadTls, Target } from '../core/target.ts';
import type { PooledServer } from './server-pool.ts';
import type { Receive } from './answer-parser.ts';
import { publishCommands, subscribeToAnswers } from './public-path.ts';
import { ClientSocket } from './socket.ts';
import { verification } from './verification.ts';

/** What the server's administrative interface takes on a bad day. */
const REQUEST_TIMEOUT_MS = 5000;
const PROBE_CHALLENGE = 'probe';
/** A server that leaves as much unread gets no more of what may be lost. */
const MAX_TOLD_BYTES = 1024 * 1024;
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
  /** The link is not full any more. */
  drained(): void;
  /** The link is gone; called once, also after `close`. */
  closed(reason: string): void;
}

export interface LinkSettings {
  /** Shown by the server's own reports, where the target has none. */
  readonly name: string;
  readonly readLogin: ReadLogin;
  readonly readTls: ReadTls;
  /** Whether a client's inside is as the short way through it wants it: `isKnown`, but for tests. */
  readonly isKnown?: (client: NatsConnectionImpl) => boolean;
}

export interface Link {
  /** Largest payload that the server takes, in bytes. */
  readonly maxPayload: number;
  /** Other servers of the cluster, as `host:port`. */
  readonly discovered: readonly string[];
  readonly serverVersion: string;
  /** Messages do not go the short way through the client, whose inside is not the one that is known. */
  readonly isSlow: boolean;
  /** The system has not taken all that was sent: more would only fill our memory. `drained` follows. */
  readonly isFull: boolean;
  /** Sends encoded commands. What cannot leave at once is copied. */
  send(bytes: Uint8Array): void;
  /** Resolves when the server has taken everything sent before; rejects when the link is lost. */
  ping(): Promise<void>;
  /** Subscribes to `<inbox>.*`; the bytes are valid during the call. To be called once. */
  takeAnswers(inbox: string, receive: Receive): void;
  /** Resolves with the first answer; rejects when none comes. */
  request(subject: string, body: string): Promise<string>;
  /** Calls `handle` for each request that asks for a reply; see `LinkListener.deaf`. `queue`: of those in it, one gets each. Returns what ends it. */
  serve(subject: string, queue: string | undefined, handle: (reply: string) => void): () => void;
  /** Publishes what may be lost; false: it is not sent, since the server takes nothing, or no message of that size. */
  tell(subject: string, text: string): boolean;
  close(): void;
}

/** Rejects with the client's or the system's error, or that of a file; see `describeDialError`. */
export async function dial(server: PooledServer, target: Target, settings: LinkSettings, listener: LinkListener): Promise<Link> {
  const client = await openClient(server, target, settings);
  const { isKnown = isKnownClient } = settings;
  return isKnown(client) ? new ClientLink(client, client.protocol.transport as ClientSocket, listener) : new PublicLink(client, listener);
}

/** Commands can be written to its socket, past the client, and what comes there can be looked at before the client sees it. */
export function isKnownClient(client: NatsConnectionImpl): boolean {
  const transport: unknown = client.protocol?.transport;
  return transport instanceof ClientSocket && transport.isKnown;
}

/** A client with one connection to one server, which ends with it. Rejects as `dial` does. */
export async function openClient(server: PooledServer, target: Target, { name, readLogin, readTls }: LinkSettings): Promise<NatsConnectionImpl> {
  const tls = server.tls ? tlsOptions(server, target, readTls) : undefined;
  const options: ConnectionOptions = {
    servers: `${isIP(server.host) === 6 ? `[${server.host}]` : server.host}:${server.port}`,
    name: target.name ?? name,
    ...authentication(toCredentials(server, target, readLogin)),
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

/** Uses nothing of the client but what is documented. */
class PublicLink implements Link {
  readonly isSlow: boolean = true;
  readonly maxPayload: number;
  readonly discovered: readonly string[];
  readonly serverVersion: string;
  readonly #client: NatsConnectionImpl;
  /** Bytes since the system had taken all that was sent. */
  #told = 0;

  constructor(client: NatsConnectionImpl, listener: LinkListener) {
    this.#client = client;
    this.maxPayload = client.info?.max_payload ?? DEFAULT_MAX_PAYLOAD;
    this.discovered = client.info?.connect_urls ?? [];
    this.serverVersion = client.info?.version ?? '';
    void this.#watch(listener);
  }

  /** Not known here. */
  get isFull(): boolean {
    return false;
  }

  send(bytes: Uint8Array): void {
    // The client keeps what it has not sent yet.
    if (!this.#client.isClosed()) publishCommands(this.#client, new Uint8Array(bytes));
  }

  async ping(): Promise<void> {
    await this.#client.flush();
    // A refusal that came before the PONG reaches `refused` a few microtasks later.
    await setImmediate();
  }

  takeAnswers(inbox: string, receive: Receive): void {
    subscribeToAnswers(this.#client, inbox, receive);
  }

  async request(subject: string, body: string): Promise<string> {
    return (await this.#client.request(subject, Buffer.from(body), { timeout: REQUEST_TIMEOUT_MS })).string();
  }

  serve(subject: string, queue: string | undefined, handle: (reply: string) => void): () => void {
    const subscription = this.#client.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error === null && message.reply !== undefined && message.reply !== '') handle(message.reply);
      },
    });
    return () => subscription.unsubscribe();
  }

  tell(subject: string, text: string): boolean {
    const bytes = Buffer.from(text);
    if (this.#client.isClosed() || bytes.length > this.maxPayload) return false;
    if (this.hasSentAll) this.#told = 0;
    if (this.#told > MAX_TOLD_BYTES) return false;
    this.#told += bytes.length;
    this.#client.publish(subject, bytes);
    return true;
  }

  /** The system has taken all that was sent. Not known here: what may be lost is then told without a bound. */
  protected get hasSentAll(): boolean {
    return true;
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

/** Writes to the client's socket. */
class ClientLink extends PublicLink {
  override readonly isSlow = false;
  readonly #socket: ClientSocket;
  readonly #listener: LinkListener;

  constructor(client: NatsConnectionImpl, socket: ClientSocket, listener: LinkListener) {
    super(client, listener);
    this.#socket = socket;
    this.#listener = listener;
  }

  override get isFull(): boolean {
    return this.#socket.isFull;
  }

  override send(bytes: Uint8Array): void {
    this.#socket.write(bytes, () => this.#listener.drained());
  }

  override takeAnswers(inbox: string, receive: Receive): void {
    // Nothing of it reaches the client, which subscribes all the same.
    this.#socket.takeAnswers(inbox, receive);
    super.takeAnswers(inbox, () => undefined);
  }

  protected override get hasSentAll(): boolean {
    return this.#socket.waiting === 0;
  }
}

/** A URL's user info wins over the options, as in the original driver's client. */
function toCredentials(server: PooledServer, { login }: Target, readLogin: ReadLogin): Credentials {
  return server.user !== undefined || server.token !== undefined ? server : readLogin(login);
}

/** A seed answers the server's challenge. */
function authentication({ user, pass, token, jwt, seed }: Credentials): Pick<ConnectionOptions, 'user' | 'pass' | 'token' | 'authenticator'> {
  const key = seed === undefined ? undefined : Buffer.from(seed);
  const authenticator = jwt !== undefined ? jwtAuthenticator(jwt, key) : key === undefined ? undefined : nkeyAuthenticator(key);
  if (authenticator !== undefined) tryOut(authenticator);
  return {
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
    ...(token === undefined ? {} : { token }),
    ...(authenticator === undefined ? {} : { authenticator }),
  };
}

/** Throws what is wrong with the seed; the server would only notice that nothing comes. */
function tryOut(authenticator: Authenticator): void {
  try {
    authenticator(PROBE_CHALLENGE);
  } catch {
    // The words of the cause are of no use to anybody.
    throw new Error('the seed of the nkey is damaged (nats-creds, nats-nkey)');
  }
}

function tlsOptions(server: PooledServer, { tls }: Target, readTls: ReadTls): TlsOptions & { rejectUnauthorized: boolean } {
  const { ca, cert, key } = tls === undefined ? {} : readTls(tls);
  return {
    ...verification(tls?.serverName ?? server.tlsName ?? server.host),
    ...(ca === undefined ? {} : { ca: ca.toString() }),
    ...(cert === undefined ? {} : { cert: cert.toString() }),
    ...(key === undefined ? {} : { key: key.toString() }),
    handshakeFirst: tls?.handshakeFirst ?? false,
    rejectUnauthorized: !(tls?.skipVerify ?? false),
  };
}
