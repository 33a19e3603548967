/** What a connection has been through, for its status. */
import type { ConnectionCounts, ConnectionState, ConnectionStatus } from '../core/status.ts';

export type ConnectionCounters = { -readonly [Key in keyof ConnectionCounts]: number };

export function newCounters(): ConnectionCounters {
  return { connects: 0, losses: 0, failed_attempts: 0, watchdog_closes: 0, auth_failures: 0 };
}

type Told = ConnectionCounts & Pick<ConnectionStatus, 'state' | 'server' | 'server_version' | 'reason' | 'since'>;

export class History {
  readonly #own = newCounters();
  readonly #totals: ConnectionCounters;
  #state: ConnectionState = 'connecting';
  #since = new Date();
  #server: string | undefined;
  #version: string | undefined;
  #reason: string | undefined;

  /** `totals`: of all connections of the process. */
  constructor(totals: ConnectionCounters) {
    this.#totals = totals;
  }

  connected(server: string, version: string): void {
    this.#count('connects');
    this.#server = server;
    this.#version = version;
    this.#enter('connected', undefined);
  }

  lost(reason: string): void {
    this.#count('losses');
    this.#version = undefined;
    this.#enter('disconnected', reason);
  }

  failed(server: string, reason: string, isAuthentication: boolean): void {
    this.#count('failed_attempts');
    if (isAuthentication) this.#count('auth_failures');
    this.#server = server;
    this.#enter(isAuthentication ? 'auth-failed' : 'disconnected', reason);
  }

  /** The server does not answer, and is left. */
  hung(): void {
    this.#count('watchdog_closes');
  }

  status(hasGivenUp: boolean): Told {
    return {
      state: hasGivenUp ? 'gave-up' : this.#state,
      ...(this.#server === undefined ? {} : { server: this.#server }),
      ...(this.#version === undefined ? {} : { server_version: this.#version }),
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      since: this.#since.toISOString(),
      ...this.#own,
    };
  }

  #count(what: keyof ConnectionCounters): void {
    this.#own[what]++;
    this.#totals[what]++;
  }

  #enter(state: ConnectionState, reason: string | undefined): void {
    // How long NATS has been away is counted from its loss, whatever the attempts since then have met.
    if ((state === 'connected') !== (this.#state === 'connected')) this.#since = new Date();
    this.#reason = reason;
    this.#state = state;
  }
}
