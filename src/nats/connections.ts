/** The connections of the process: one for each distinct target, shared and counted. */
import { isDeepStrictEqual } from 'node:util';
import type { ConnectionStatus } from '../core/status.ts';
import type { Log } from '../core/log.ts';
import type { Target } from '../core/target.ts';
import { Connection } from './connection.ts';
import type { LinkSettings } from './link.ts';
import type { Presence } from './presence.ts';
import { newCounters, type ConnectionCounters } from './history.ts';

/** How long a connection outlives its last session: short-lived containers follow each other. */
const LINGER_MS = 30_000;

interface Shared {
  readonly connection: Connection;
  users: number;
  linger: NodeJS.Timeout | undefined;
}

/** Where the driver itself is present: as long as sessions use the connection, or always if it `isWanted`. */
export interface Place {
  readonly target: Target;
  readonly isWanted: boolean;
}

/** The driver's own presence. */
interface Own {
  readonly key: string;
  readonly place: Place;
  readonly presence: Presence;
  /** The connection is kept for it. */
  isHeld: boolean;
}

export class Connections {
  readonly #shared = new Map<string, Shared>();
  readonly #link: LinkSettings;
  readonly #windowBytes: number;
  readonly log: Log;
  readonly totals: ConnectionCounters = newCounters();
  #made = 0;
  #own: Own | undefined;

  /** `windowBytes` may be unconfirmed per connection. */
  constructor(link: LinkSettings, windowBytes: number, log: Log) {
    this.#link = link;
    this.#windowBytes = windowBytes;
    this.log = log;
  }

  /** The driver itself is present there from now on, and nowhere else; undefined: nowhere. */
  announce(presence: Presence, place: Place | undefined): void {
    const before = this.#own;
    if (isDeepStrictEqual(before?.place, place)) return;
    this.#own = place === undefined ? undefined : { key: JSON.stringify(place.target), place, presence, isHeld: place.isWanted };
    if (before !== undefined && before.key !== this.#own?.key) this.#shared.get(before.key)?.connection.host(undefined);
    if (place?.isWanted === true) this.acquire(place.target);
    this.#shared.get(this.#own?.key ?? '')?.connection.host(presence);
    if (before?.isHeld === true) this.release(before.place.target);
  }

  /** Never waits and never fails: a connection dials for as long as it is wanted. */
  acquire(target: Target): Connection {
    const key = JSON.stringify(target);
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      const connection = new Connection({
        target, ...this.#link, windowBytes: this.#windowBytes, log: this.log, id: ++this.#made, totals: this.totals,
        unwelcome: () => this.#withdraw(key),
      });
      if (key === this.#own?.key) connection.host(this.#own.presence);
      shared = { connection, users: 0, linger: undefined };
      this.#shared.set(key, shared);
    }
    clearTimeout(shared.linger);
    shared.users++;
    shared.connection.retry();
    return shared.connection;
  }

  /** To be called once for each `acquire`. */
  release(target: Target): void {
    const key = JSON.stringify(target);
    const shared = this.#shared.get(key);
    if (shared === undefined || --shared.users > 0) return;
    shared.linger = setTimeout(() => this.#close(key, shared), LINGER_MS);
    shared.linger.unref();
  }

  /** Containers may have logins of their own, and the settings none: nobody knocks for ever in vain just to be present. */
  #withdraw(key: string): void {
    const shared = this.#shared.get(key);
    if (shared === undefined || this.#own?.key !== key || !this.#own.isHeld) return;
    this.#own.isHeld = false;
    if (--shared.users > 0) return;
    this.log.info('nats-service: the login of the settings is refused, the driver is present as soon as a container uses it');
    this.#close(key, shared);
  }

  status(): ConnectionStatus[] {
    return [...this.#shared.values()].map(({ connection }) => connection.status());
  }

  closeAll(): void {
    for (const [key, shared] of this.#shared) this.#close(key, shared);
  }

  #close(key: string, shared: Shared): void {
    clearTimeout(shared.linger);
    this.#shared.delete(key);
    shared.connection.close();
  }
}
