/**
 * The listener for operators, as the configuration will have it. That it cannot listen stops nothing else: it is logged,
 * and tried again.
 */
import { createServer, type Server } from 'node:http';
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from '../configuration.ts';
import { parseListenAddress, type ListenAddress } from '../core/listen-address.ts';
import type { Log } from '../core/log.ts';
import type { Options } from '../core/options.generated.ts';
import { listenAt } from '../listen.ts';
import { operatorListener } from '../server/operator.ts';
import type { LazyMetrics, StatusSource } from '../server/status-routes.ts';
import type { TailSource } from '../server/tail-route.ts';

/** A process before this one may still have the address. */
const RETRY_MS = 10_000;
/** Enough for some scrapers and people; connections that say nothing are closed. */
const LIMITS = { requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 65_000, maxHeaderSize: 16 * 1024 } as const;
const MAX_CONNECTIONS = 64;

export interface OperatorServerSettings {
  readonly configuration: Configuration;
  readonly source: StatusSource & TailSource;
  readonly metrics: LazyMetrics;
  readonly log: Log;
}

/** What the configuration says of the listener. */
interface Wish {
  /** undefined: nobody asked for it. */
  readonly address: string | undefined;
  readonly names: readonly string[];
  readonly tail: Options['nats-log-http-tail'];
}

export class OperatorServer {
  readonly #settings: OperatorServerSettings;
  #wish: Wish | undefined;
  #listening: Listening | undefined;

  constructor(settings: OperatorServerSettings) {
    this.#settings = settings;
    this.#follow();
    settings.configuration.listen(() => this.#follow());
  }

  close(): void {
    this.#listening?.close();
    this.#listening = undefined;
  }

  /** Another listener in the place of one that is not wanted any more: whoever is connected comes again. */
  #follow(): void {
    const { configuration: { settings: { options } }, source, metrics, log } = this.#settings;
    const wish = { address: options['nats-log-http'], names: options['nats-log-http-names'] ?? [], tail: options['nats-log-http-tail'] };
    if (isDeepStrictEqual(wish, this.#wish)) return;
    this.#wish = wish;
    this.close();
    const address = wish.address === undefined ? undefined : parseListenAddress(wish.address);
    if (wish.address === undefined || address === undefined) return;
    const names = [hostname(), ...wish.names].map((name) => name.toLowerCase());
    const tail = mayTail(wish.tail, address) ? source : undefined;
    const server = createServer(LIMITS, operatorListener({ source, metrics, tail, log, names: 'path' in address ? undefined : names }));
    this.#listening = new Listening(server, address, wish.address, log);
  }
}

class Listening {
  readonly #server: Server;
  readonly #address: ListenAddress;
  readonly #text: string;
  readonly #log: Log;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(server: Server, address: ListenAddress, text: string, log: Log) {
    this.#server = server;
    this.#address = address;
    this.#text = text;
    this.#log = log;
    server.maxConnections = MAX_CONNECTIONS;
    void this.#listen();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #listen(): Promise<void> {
    try {
      await listenAt(this.#server, this.#address);
      // `close` may have come before there was something to close.
      if (this.#isClosed) return this.close();
      this.#log.info('metrics, health and status are served', { address: this.#text });
    } catch (error) {
      if (this.#isClosed) return;
      this.#log.limited('error', 'operator listen', 'nats-log-http: cannot listen; lines are delivered all the same', {
        address: this.#text, error: error instanceof Error ? error.message : String(error),
      });
      this.#retry = setTimeout(() => void this.#listen(), RETRY_MS).unref();
    }
  }
}

/** Lines of containers are shown to those who are on this machine already, unless the operator says otherwise. */
function mayTail(policy: Options['nats-log-http-tail'], address: ListenAddress): boolean {
  if (policy !== 'local') return policy === 'always';
  return 'path' in address || ['::1', 'localhost'].includes(address.host) || address.host.startsWith('127.');
}
