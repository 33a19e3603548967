/** What happened to the driver: lines of its log that others listen to as well. The latest are remembered. */
import type { LogFields, LogLevel } from './log.ts';

export type EventKind =
  | 'driver-started' | 'driver-stopping' | 'sessions-restored'
  | 'session-started' | 'session-ended' | 'lines-dropped' | 'bytes-lost'
  | 'connected' | 'connection-lost' | 'connect-failed' | 'login-refused' | 'server-hangs' | 'gave-up' | 'subject-refused'
  | 'stream-failing' | 'stream-healed' | 'disk-failing' | 'disk-healed'
  | 'configuration-loaded' | 'configuration-refused';

/** As in the log, with `event` and without what is left out there for its level. */
export interface DriverEvent {
  /** RFC 3339. */
  readonly time: string;
  readonly event: EventKind;
  readonly level: LogLevel;
  readonly msg: string;
  readonly [field: string]: LogFields[string];
}

export type EventListener = (event: DriverEvent) => void;

/** How many are remembered. */
const MAX_RECENT = 100;

export class Events {
  readonly #recent: DriverEvent[] = [];
  readonly #listeners = new Set<EventListener>();

  tell(event: DriverEvent): void {
    if (this.#recent.push(event) > MAX_RECENT) this.#recent.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** The latest, oldest first. */
  get recent(): readonly DriverEvent[] {
    return [...this.#recent];
  }

  /** The listener must not wait, nor throw. Returns what ends it. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
