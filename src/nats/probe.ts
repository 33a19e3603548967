/**
 * Looks at one server step by step, as the driver would reach it: each step on its own, so that it is known which of
 * them fails.
 */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import { headers, type ServerInfo } from 'nats';
import type { NatsConnectionImpl } from 'nats/lib/nats-base-client/nats.js';
import { jetStreamApi, type ReadTls, type Target } from '../core/target.ts';
import { openClient, type LinkSettings } from './link.ts';
import type { PooledServer } from './server-pool.ts';
import { verification } from './verification.ts';

/** What the server's interfaces take on a bad day. */
const REQUEST_TIMEOUT_MS = 3000;
/** The INFO of a large cluster has some kilobytes. */
const MAX_INFO_BYTES = 1024 * 1024;
/** No stream has this name: none stores the message. */
const NOBODY = 'nats-log-driver-doctor';

export interface Greeting {
  readonly version: string;
  readonly requiresTls: boolean;
  readonly offersTls: boolean;
}

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly validTo: Date;
  readonly names: string;
  /** Code of what is wrong with it; undefined: it is trusted. */
  readonly fault?: string;
  readonly protocol: string;
}

/** Errors of a socket that nobody waits for any more are of no interest. */
function open({ host, port }: PooledServer): Socket {
  return createConnection({ host, port }).on('error', () => undefined);
}

async function within<T>(ms: number, what: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error(`no answer within ${ms} ms`), { code: 'TIMEOUT' })), ms);
  });
  try {
    return await Promise.race([what, late]);
  } finally {
    clearTimeout(timer);
    what.catch(() => undefined);
  }
}

/** Resolves when the server accepts a connection; rejects with the system's error. */
export async function reachPort(server: PooledServer, timeoutMs: number): Promise<void> {
  const socket = open(server);
  try {
    await within(timeoutMs, once(socket, 'connect'));
  } finally {
    socket.destroy();
  }
}

/** What the server says first; rejects when it is no NATS server. Not for servers that want TLS before. */
export async function readGreeting(server: PooledServer, timeoutMs: number): Promise<Greeting> {
  const socket = open(server);
  try {
    return await within(timeoutMs, takeGreeting(socket));
  } finally {
    socket.destroy();
  }
}

async function takeGreeting(socket: Socket): Promise<Greeting> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    text += chunk.toString();
    const line = /^INFO (\{.*\})\s*\r\n/.exec(text)?.[1];
    if (line !== undefined) {
      const { version = '', tls_required: requiresTls = false, tls_available = false } = JSON.parse(line) as Partial<ServerInfo>;
      return { version, requiresTls, offersTls: requiresTls || tls_available };
    }
    if (text.length > MAX_INFO_BYTES || !'INFO {'.startsWith(text.slice(0, 6))) break;
  }
  throw new Error('it does not speak the NATS protocol');
}

/** The server's certificate, whether it is trusted or not. Rejects when there is no handshake at all. */
export async function readCertificate(server: PooledServer, { tls }: Target, readTls: ReadTls, timeoutMs: number): Promise<CertificateFacts> {
  const socket = open(server);
  try {
    return await within(timeoutMs, (async () => {
      if (tls?.handshakeFirst !== true) await takeGreeting(socket);
      const secure = connectTls({
        socket, ...verification(tls?.serverName ?? server.tlsName ?? server.host), rejectUnauthorized: false,
        ...(tls === undefined ? {} : readTls(tls)),
      });
      secure.on('error', () => undefined);
      await once(secure, 'secureConnect');
      return factsOf(secure);
    })());
  } finally {
    socket.destroy();
  }
}

function factsOf(secure: TLSSocket): CertificateFacts {
  const certificate = secure.getPeerCertificate(false);
  // Node says here what it would have ended the connection with: a code, or the text of a wrong name.
  const error: unknown = secure.authorizationError;
  const fault = error instanceof Error ? ('code' in error ? String(error.code) : error.message) : error === null || error === undefined ? undefined : String(error);
  return {
    subject: nameOf(certificate.subject), issuer: nameOf(certificate.issuer), validTo: new Date(certificate.valid_to),
    names: certificate.subjectaltname ?? '', protocol: secure.getProtocol() ?? '',
    ...(fault === undefined ? {} : { fault }),
  };
}

function nameOf(name: PeerCertificate['subject'] | undefined): string {
  return String(name?.CN ?? name?.O ?? '');
}

export interface Permissions {
  readonly user: string;
  readonly account: string;
  /** Subjects that may be published to; undefined: all but those that are denied. */
  readonly allowed?: readonly string[];
  readonly denied: readonly string[];
}

export interface StreamReport {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly storage: string;
  readonly replicas: number;
  readonly discardsNew: boolean;
  readonly isSealed: boolean;
  readonly isAcknowledged: boolean;
  /** Largest message, in bytes; undefined: no limit. */
  readonly maxMessage?: number;
  readonly duplicateWindowMs: number;
  readonly maxAgeMs: number;
  /** Which part of its limits is used: 0 … 1. */
  readonly fill: number;
  /** The server's own clock; undefined: it does not tell. */
  readonly serverTime?: Date;
}

export class JetStreamFault extends Error {}

/** A login to one server. */
export class Probe {
  readonly #client: NatsConnectionImpl;
  readonly #target: Target;
  readonly #refused = new Set<string>();

  private constructor(client: NatsConnectionImpl, target: Target) {
    this.#client = client;
    this.#target = target;
    void this.#watch();
  }

  /** Rejects as `dial` does. */
  static async login(server: PooledServer, target: Target, settings: LinkSettings): Promise<Probe> {
    return new Probe(await openClient(server, target, settings), target);
  }

  get info(): ServerInfo | undefined {
    return this.#client.info;
  }

  /** In milliseconds; the fastest of several. */
  async roundTrip(): Promise<number> {
    let fastest = Infinity;
    for (let i = 0; i < 5; i++) {
      const from = performance.now();
      await this.#client.flush();
      fastest = Math.min(fastest, performance.now() - from);
    }
    return fastest;
  }

  /** As the server tells the user about himself; undefined: it does not. Servers from 2.10 on do, $SYS.REQ.USER.INFO. */
  async permissions(): Promise<Permissions | undefined> {
    try {
      const answer = await this.#client.request('$SYS.REQ.USER.INFO', '', { timeout: REQUEST_TIMEOUT_MS });
      const { data } = JSON.parse(answer.string()) as { data?: { user?: string; account?: string; permissions?: { publish?: { allow?: string[]; deny?: string[] } } } };
      if (data === undefined) return undefined;
      const { allow, deny = [] } = data.permissions?.publish ?? {};
      return { user: data.user ?? '', account: data.account ?? '', denied: deny, ...(allow === undefined ? {} : { allowed: allow }) };
    } catch {
      return undefined;
    }
  }

  /** Publishes a message that no stream stores; subscribers get it. Resolves with whether the server permits it. */
  async mayPublish(subject: string, payload: Uint8Array): Promise<boolean> {
    const expected = headers();
    expected.set('Nats-Expected-Stream', NOBODY);
    this.#client.publish(subject, payload, this.info?.headers === true ? { headers: expected } : {});
    await this.#client.flush();
    // A refusal that came before the PONG is handed on a few microtasks later.
    await setImmediate();
    return !this.#refused.has(subject);
  }

  /** Of streams that cover the subject. Rejects with JetStreamFault. */
  async streamsOf(subject: string): Promise<readonly string[]> {
    const { streams } = await this.#ask<{ streams?: readonly string[] | null }>('STREAM.NAMES', { subject });
    return streams ?? [];
  }

  /** Rejects with JetStreamFault. */
  async stream(name: string): Promise<StreamReport> {
    const { config, state, ts } = await this.#ask<StreamInfo>(`STREAM.INFO.${name}`);
    const share = (used: number, limit: number): number => limit > 0 ? used / limit : 0;
    return {
      name, subjects: config.subjects ?? [], storage: config.storage, replicas: config.num_replicas,
      discardsNew: config.discard === 'new', isSealed: config.sealed === true, isAcknowledged: config.no_ack !== true,
      ...(config.max_msg_size > 0 ? { maxMessage: config.max_msg_size } : {}),
      duplicateWindowMs: (config.duplicate_window ?? 0) / 1e6, maxAgeMs: config.max_age / 1e6,
      fill: Math.max(share(state.bytes, config.max_bytes), share(state.messages, config.max_msgs)),
      ...(ts === undefined ? {} : { serverTime: new Date(ts) }),
    };
  }

  close(): void {
    void this.#client.close();
  }

  async #ask<T>(method: string, body: object = {}): Promise<T> {
    let text;
    try {
      text = (await this.#client.request(`${jetStreamApi(this.#target)}.${method}`, JSON.stringify(body), { timeout: REQUEST_TIMEOUT_MS })).string();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      throw new JetStreamFault(code === '503' ? 'JetStream is off on this server' : code === 'TIMEOUT' ? 'JetStream does not answer' : String(error instanceof Error ? error.message : error));
    }
    const answer = JSON.parse(text) as T & { error?: { description?: string } };
    if (answer.error !== undefined) throw new JetStreamFault(answer.error.description ?? 'JetStream refuses the request');
    return answer;
  }

  async #watch(): Promise<void> {
    for await (const { permissionContext } of this.#client.status()) {
      if (permissionContext?.operation === 'publish') this.#refused.add(permissionContext.subject);
    }
  }
}

/** Source: JetStream API, schema stream_info_response. Durations in nanoseconds, limits that are not set -1 or 0. */
interface StreamInfo {
  readonly config: {
    readonly subjects?: readonly string[];
    readonly storage: string;
    readonly num_replicas: number;
    readonly discard: string;
    readonly sealed?: boolean;
    readonly no_ack?: boolean;
    readonly max_msg_size: number;
    readonly max_bytes: number;
    readonly max_msgs: number;
    readonly max_age: number;
    readonly duplicate_window?: number;
  };
  readonly state: { readonly messages: number; readonly bytes: number };
  readonly ts?: string;
}
