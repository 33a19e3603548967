/** The servers of a target and those its cluster tells of, in the order in which they are tried. */
import { isIP } from 'node:net';
import type { Server } from '../core/target.ts';

/** A cluster tells of its members; a hostile one must not fill the memory. */
const MAX_DISCOVERED = 64;

export interface PooledServer extends Server {
  /** The name that the certificate must carry where `host` is only an address that the cluster told. */
  readonly tlsName?: string;
}

export class ServerPool {
  readonly #configured: readonly PooledServer[];
  #discovered: readonly PooledServer[] = [];
  #turn = 0;

  constructor(servers: readonly Server[]) {
    this.#configured = servers;
  }

  get size(): number {
    return this.#configured.length + this.#discovered.length;
  }

  /** The next server in turn: each of them before one comes again. */
  next(): PooledServer {
    const all = [...this.#configured, ...this.#discovered];
    return all[this.#turn++ % all.length] as PooledServer;
  }

  /** `urls` are the `host:port` that `from` told; they inherit its TLS, its name and its credentials. */
  discover(urls: readonly string[], from: PooledServer): void {
    const known = new Set(this.#configured.map(address));
    const { tlsName: told, ...shared } = from;
    const tlsName = told ?? (isIP(from.host) === 0 ? from.host : undefined);
    this.#discovered = urls.slice(0, MAX_DISCOVERED).flatMap((url) => {
      const at = parseHostPort(url);
      if (at === undefined || known.has(address(at))) return [];
      return [{ ...shared, ...at, ...(tlsName === undefined || isIP(at.host) === 0 ? {} : { tlsName }) }];
    });
  }
}

function address({ host, port }: { host: string; port: number }): string {
  return `${host}:${port}`;
}

function parseHostPort(url: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:\s/@]+)):(\d{1,5})$/i.exec(url);
  if (match === null) return undefined;
  return { host: match[1] ?? match[2] as string, port: Number(match[3]) };
}
