/**
 * A connection to a target, shared by all sessions that publish there: dials for as long as it is wanted, sends what
 * the sessions write, and tells them what the server has confirmed.
 *
 * Publishing happens only while connected; a PONG confirms what was sent before its PING. When the link is lost the
 * sessions publish again from their watermarks: at least once, in order.
 */
import { jetStreamApi, serverName, type Target } from '../core/target.ts';
import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { StreamPlan } from '../core/plan.ts';
import type { ConnectionStatus } from '../core/status.ts';
import type { Log } from '../core/log.ts';
import { describeDialError } from './dial-error.ts';
import { dial, type Link, type LinkSettings } from './link.ts';
import { Acks } from './acks.ts';
import { makeStream } from './make-stream.ts';
import { Outbox } from './outbox.ts';
import { History, type ConnectionCounters } from './history.ts';
import type { Presence } from './presence.ts';
import { StreamLookup } from './stream-lookup.ts';
import { ServerPool, type PooledServer } from './server-pool.ts';

/** After all servers were tried in vain: from here to the target's `reconnectWaitMs`, doubling, with full jitter. */
const FIRST_WAIT_MS = 100;
/** A link that lasts as long was a success. */
const SETTLED_MS = 1000;
/** How often the watchdog looks. */
const WATCH_MS = 1000;
/** A server that owes an answer for so many intervals hangs: go to another one. */
const HUNG_INTERVALS = 2;

export type ConnectionState = 'connecting' | 'connected' | 'gave-up' | 'closed';

export interface ConnectionSettings extends LinkSettings {
  readonly target: Target;
  /** Bytes that may be unconfirmed at a time. */
  readonly windowBytes: number;
  readonly log: Log;
  /** Tells the connections of a process apart. */
  readonly id: number;
  /** Of all connections of the process. */
  readonly totals: ConnectionCounters;
  /** The server refuses the login. */
  readonly unwelcome: () => void;
}

export class Connection {
  readonly outbox: Outbox;
  readonly streams: StreamLookup;
  /** Made for the first session that wants answers. */
  #acks: Acks | undefined;
  /** The driver's own, if this is the connection for it. */
  #presence: Presence | undefined;
  /** Streams that are being made, by name. */
  readonly #making = new Map<string, Promise<void>>();
  #state: ConnectionState = 'connecting';
  #link: Link | undefined;
  readonly #settings: ConnectionSettings;
  readonly #pool: ServerPool;
  /** Aborts a wait between attempts. */
  #closing = new AbortController();
  #failedAttempts = 0;
  #everConnected = false;
  readonly #history: History;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#history = new History(settings.totals);
    this.#pool = new ServerPool(settings.target.servers);
    this.outbox = new Outbox(settings.windowBytes);
    this.streams = new StreamLookup(jetStreamApi(settings.target));
    void this.#run();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** No server could be reached since the last one was lost; a first attempt that is under way may still succeed. */
  get isAway(): boolean {
    return this.#state !== 'connected' && this.#failedAttempts > 0;
  }

  status(): ConnectionStatus {
    const { target, windowBytes } = this.#settings;
    const { roundTripMs } = this.outbox;
    return {
      id: this.#settings.id,
      servers: target.servers.map(serverName),
      ...this.#history.status(this.#state === 'gave-up'),
      window_bytes: this.outbox.unconfirmedBytes,
      window_limit_bytes: windowBytes,
      ...(roundTripMs === undefined ? {} : { round_trip_seconds: roundTripMs / 1000 }),
      outputs: this.outbox.lanes,
    };
  }

  get maxPayload(): number {
    return this.#link?.maxPayload ?? 0;
  }

  get acks(): Acks {
    if (this.#acks === undefined) {
      this.#acks = new Acks(`${this.#settings.target.inboxPrefix}.${randomBytes(12).toString('hex')}`, this.#settings.windowBytes);
      if (this.#link !== undefined) this.#acks.open(this.#link);
    }
    return this.#acks;
  }

  /** Makes the stream, if it is missing; never changes one. Says what came of it. Resolves when that is over, and never rejects. */
  makeStream(plan: StreamPlan): Promise<void> {
    const making = this.#making.get(plan.name) ?? this.#makeStream(plan).finally(() => this.#making.delete(plan.name));
    this.#making.set(plan.name, making);
    return making;
  }

  /** The driver itself is present here from now on; undefined: it is not any more. */
  host(presence: Presence | undefined): void {
    if (presence === this.#presence) return;
    this.#presence?.closed();
    this.#presence = presence;
    if (this.#link !== undefined) presence?.opened(this.#link);
  }

  /** Dials again after it gave up. */
  retry(): void {
    if (this.#state !== 'gave-up') return;
    this.#failedAttempts = 0;
    this.#state = 'connecting';
    void this.#run();
  }

  close(): void {
    this.#state = 'closed';
    this.#closing.abort();
    this.#acks?.close();
    this.#link?.close();
    this.outbox.close();
  }

  async #makeStream(plan: StreamPlan): Promise<void> {
    const link = this.#link;
    if (link === undefined) return;
    // What was sent, or is about to be, is refused before there is a stream: none of it is stored before what is sent again.
    await setImmediate();
    await link.ping().catch(ignoreLoss);
    await makeStream(link, this.#settings.target, plan, this.#settings.log);
  }

  async #run(): Promise<void> {
    while (this.#state === 'connecting') {
      const server = this.#pool.next();
      const lost = Promise.withResolvers<string>();
      const link = await this.#dial(server, lost.resolve);
      if (link !== undefined) await this.#stay(server, link, lost.promise);
      if (this.#state === 'connecting' && this.#hasTriedEnough()) this.#giveUp();
      if (this.#state === 'connecting') await this.#pause();
    }
  }

  async #dial(server: PooledServer, closed: (reason: string) => void): Promise<Link | undefined> {
    try {
      const { target } = this.#settings;
      return await dial(server, target, this.#settings, {
        refused: (subject) => this.#refused(subject),
        deaf: (subject) => this.#deaf(subject),
        lameDuck: () => this.#leave(server),
        drained: () => this.outbox.drained(),
        closed,
      });
    } catch (error) {
      this.#failed(server, error);
      return undefined;
    }
  }

  /** Uses the link until it is lost. */
  async #stay(server: PooledServer, link: Link, lost: Promise<string>): Promise<void> {
    if (this.#state === 'closed') {
      link.close();
      return;
    }
    const { log } = this.#settings;
    this.#link = link;
    this.#state = 'connected';
    this.#everConnected = true;
    const since = performance.now();
    this.#pool.discover(link.discovered, server);
    this.#history.connected(serverName(server), link.serverVersion);
    log.event('connected', 'info', 'connected to NATS', { server: serverName(server), version: link.serverVersion });
    if (link.isSlow) log.limited('warn', 'slow client', 'the inside of the NATS client is not the one that is known: messages take its public way, which is slower');
    const watchdog = setInterval(() => this.#watch(server), WATCH_MS);
    this.#acks?.open(link);
    // The client sends its own commands in a microtask; the outbox does not wait for that.
    await Promise.resolve();
    this.outbox.open(link);
    this.streams.open(link);
    this.#presence?.opened(link);
    const reason = await lost;
    clearInterval(watchdog);
    // A server that cuts every connection at once is waited for like one that refuses them.
    this.#failedAttempts = performance.now() - since < SETTLED_MS ? this.#failedAttempts + 1 : 0;
    this.#link = undefined;
    this.streams.lose();
    this.#presence?.closed();
    // `close` may have come meanwhile.
    if ((this.#state as ConnectionState) === 'connected') {
      this.#state = 'connecting';
      this.#history.lost(reason);
      log.event('connection-lost', 'warn', 'connection to NATS lost', { server: serverName(server), reason }, `lost ${serverName(server)}`);
    }
    this.outbox.lose();
  }

  #failed(server: PooledServer, error: unknown): void {
    this.#failedAttempts++;
    const { reason, isAuthentication } = describeDialError(error);
    this.#history.failed(serverName(server), reason, isAuthentication);
    if (isAuthentication) this.#settings.unwelcome();
    this.#settings.log.event(
      isAuthentication ? 'login-refused' : 'connect-failed', 'warn',
      isAuthentication ? 'NATS refuses the login' : 'cannot connect to NATS', { server: serverName(server), reason },
      `dial ${serverName(server)} ${reason}`,
    );
  }

  #hasTriedEnough(): boolean {
    const { maxReconnect } = this.#settings.target;
    if (maxReconnect < 0) return false;
    const rounds = this.#everConnected ? maxReconnect : Math.max(1, maxReconnect);
    return this.#failedAttempts >= rounds * this.#pool.size;
  }

  #giveUp(): void {
    this.#state = 'gave-up';
    this.#settings.log.event('gave-up', 'error', 'gave up connecting to NATS: lines are dropped and counted until a container starts', {
      server: this.#settings.target.servers.map(serverName).join(','), attempts: this.#failedAttempts,
    });
    this.outbox.giveUp();
  }

  /** Waits only when every server was tried in vain. */
  async #pause(): Promise<void> {
    const rounds = Math.floor(this.#failedAttempts / this.#pool.size);
    if (rounds === 0 || this.#failedAttempts % this.#pool.size !== 0) return;
    const longest = Math.min(this.#settings.target.reconnectWaitMs, FIRST_WAIT_MS * 2 ** Math.min(rounds, 16));
    await sleep(FIRST_WAIT_MS + Math.random() * (longest - FIRST_WAIT_MS), this.#closing.signal);
  }

  #watch(server: PooledServer): void {
    const { pingIntervalMs } = this.#settings.target;
    const silentMs = this.outbox.probe(pingIntervalMs);
    if (silentMs < HUNG_INTERVALS * pingIntervalMs) return;
    this.#history.hung();
    this.#settings.log.event('server-hangs', 'warn', 'NATS server hangs: leaving it', {
      server: serverName(server), silent_ms: Math.round(silentMs),
    }, `hung ${serverName(server)}`);
    this.#link?.close();
  }

  /** The server will close the connection; going at once is the same loss-free step, taken earlier. */
  #leave(server: PooledServer): void {
    this.#settings.log.info('NATS server is shutting down: leaving it', { server: serverName(server) });
    this.#link?.close();
  }

  #deaf(subject: string): void {
    if (this.#presence?.refused(subject) === true) return;
    this.#settings.log.limited('error', 'deaf', 'NATS does not permit this user to subscribe to its inbox: JetStream cannot confirm anything', { subject });
  }

  #refused(subject: string): void {
    if (this.#presence?.refused(subject) === true || this.streams.refused(subject)) return;
    this.#settings.log.event('subject-refused', 'error', 'NATS does not permit this user to publish to the subject: its lines are dropped', {
      subject,
    }, `refused ${subject}`);
    this.outbox.refuse(subject);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}

/** The stream cannot be made then, either. */
function ignoreLoss(): void {}
