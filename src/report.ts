/** Puts the driver's status together from what its parts tell. */
import { Books } from './core/account.ts';
import { Latency } from './core/latency.ts';
import type { ConfigurationStatus, DriverStatus, JournalTotals, SessionStatus } from './core/status.ts';
import type { Options } from './core/options.generated.ts';
import type { SessionPlan } from './core/plan.ts';
import type { Container } from './plan.ts';
import type { Session } from './session.ts';
import packageJson from '../package.json' with { type: 'json' };

export type BooksByTransport = Readonly<Record<Options['nats-transport'], Books>>;

/** What is counted for as long as the process lives. */
export class Report {
  readonly books: BooksByTransport = { core: new Books(), jetstream: new Books() };
  readonly startLatency = new Latency();
  readonly stopLatency = new Latency();
  sessionsStarted = 0;
  sessionsEnded = 0;
  readonly #hostname: string;
  readonly #startedAt = new Date();

  constructor(hostname: string) {
    this.#hostname = hostname;
  }

  status({ configuration, sessions, journal, events, ...connections }: Parts): DriverStatus {
    const { core, jetstream } = this.books;
    return {
      version: packageJson.version,
      hostname: this.#hostname,
      pid: process.pid,
      started_at: this.#startedAt.toISOString(),
      uptime_seconds: Math.round(process.uptime() * 1000) / 1000,
      workers: 1,
      configuration,
      sessions: [...sessions].sort((one, other) => other.bytes_read - one.bytes_read),
      sessions_started: this.sessionsStarted,
      sessions_ended: this.sessionsEnded,
      ...connections,
      journal: { ...journal, oldest_age_seconds: Math.max(0, ...sessions.map((session) => session.journal.oldest_age_seconds)) },
      bytes_read: core.bytesRead + jetstream.bytesRead,
      totals: { core: core.counts(), jetstream: jetstream.counts() },
      delivery_latency: { core: core.latency.status(), jetstream: jetstream.latency.status() },
      start_latency: this.startLatency.status(),
      stop_latency: this.stopLatency.status(),
      events,
    };
  }
}

export interface Parts extends Pick<DriverStatus, 'connections' | 'connection_totals' | 'events'> {
  readonly configuration: ConfigurationStatus;
  readonly sessions: readonly SessionStatus[];
  readonly journal: Pick<JournalTotals, 'disk' | 'memory'>;
}

/** A session, and what the driver knows of it. */
export interface Opened {
  readonly session: Session;
  /** What it was planned from, and will be planned from again. */
  readonly container: Container;
  readonly plan: SessionPlan;
  /** Outputs of which the plan lacks the credentials: they wait. */
  readonly missing: readonly string[];
  readonly isRestored: boolean;
  readonly startedAt: Date;
}

export function sessionStatus(id: string, { session, plan: { facts }, isRestored, startedAt }: Opened): SessionStatus {
  const { state, bytes_read, last_read_at, journal, outputs } = session.status();
  return {
    id,
    container: facts.name,
    container_id: facts.id,
    state,
    started_at: startedAt.toISOString(),
    is_restored: isRestored,
    bytes_read,
    ...(last_read_at === undefined ? {} : { last_read_at }),
    journal,
    outputs,
  };
}
