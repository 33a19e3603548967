/** The listener for operators. That it cannot listen stops nothing else: it is logged, and tried again. */
import { createServer, type Server } from 'node:http';
import { hostname } from 'node:os';
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

export class OperatorServer {
  readonly #server: Server;
  readonly #address: ListenAddress;
  readonly #text: string;
  readonly #log: Log;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** undefined: there is no `nats-log-http`. */
  static start(options: Options, source: StatusSource & TailSource, metrics: LazyMetrics, log: Log): OperatorServer | undefined {
    const text = options['nats-log-http'];
    const address = text === undefined ? undefined : parseListenAddress(text);
    if (text === undefined || address === undefined) return undefined;
    const names = [hostname(), ...options['nats-log-http-names'] ?? []].map((name) => name.toLowerCase());
    const tail = mayTail(options['nats-log-http-tail'], address) ? source : undefined;
    const server = createServer(LIMITS, operatorListener({ source, metrics, tail, log, names: 'path' in address ? undefined : names }));
    return new OperatorServer(server, address, text, log);
  }

  private constructor(server: Server, address: ListenAddress, text: string, log: Log) {
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
      this.#log.info('metrics, health and status are served', { address: this.#text });
    } catch (error) {
      this.#log.limited('error', 'operator listen', 'nats-log-http: cannot listen; lines are delivered all the same', {
        address: this.#text, error: error instanceof Error ? error.message : String(error),
      });
      if (!this.#isClosed) this.#retry = setTimeout(() => void this.#listen(), RETRY_MS).unref();
    }
  }
}

/** Lines of containers are shown to those who are on this machine already, unless the operator says otherwise. */
function mayTail(policy: Options['nats-log-http-tail'], address: ListenAddress): boolean {
  if (policy !== 'local') return policy === 'always';
  return 'path' in address || ['::1', 'localhost'].includes(address.host) || address.host.startsWith('127.');
}
