/** A status in which everything is well, but for what a test gives. */
import { Books } from '../../src/core/account.ts';
import { Latency } from '../../src/core/latency.ts';
import type { ConnectionStatus, Counts, DriverStatus, SessionStatus } from '../../src/core/status.ts';

export const NOW = Date.parse('2026-03-14T15:09:26Z');

export function statusOf(change: Partial<DriverStatus> = {}): DriverStatus {
  return {
    version: '1.2.3',
    hostname: 'docker-host-1',
    pid: 4711,
    started_at: at(-3600),
    uptime_seconds: 3600,
    workers: 1,
    configuration: { loaded_at: at(-3600), in_force: true, loads: 1, refusals: 0 },
    sessions: [],
    sessions_started: 0,
    sessions_ended: 0,
    connections: [],
    connection_totals: { connects: 0, losses: 0, failed_attempts: 0, watchdog_closes: 0, auth_failures: 0 },
    journal: {
      disk: { bytes: 0, limit_bytes: 1000, available_bytes: 10_000, is_failing: false },
      memory: { bytes: 0, limit_bytes: 1000 },
      oldest_age_seconds: 0,
    },
    bytes_read: 0,
    totals: { core: countsOf(), jetstream: countsOf() },
    delivery_latency: { core: new Latency().status(), jetstream: new Latency().status() },
    start_latency: new Latency().status(),
    stop_latency: new Latency().status(),
    events: [],
    ...change,
  };
}

export function countsOf(change: Partial<Counts> = {}): Counts {
  return { ...new Books().counts(), ...change };
}

export function sessionOf(container: string, change: Partial<SessionStatus> & { readonly counts?: Counts } = {}): SessionStatus {
  const { counts = countsOf(), ...others } = change;
  return {
    id: Buffer.from(container).toString('hex').padEnd(32, '0').slice(0, 32),
    container,
    container_id: Buffer.from(container).toString('hex').padEnd(64, '0'),
    state: 'live',
    started_at: at(-600),
    is_restored: false,
    bytes_read: 0,
    journal: { kind: 'disk', bytes: 0, volatile_bytes: 0, oldest_age_seconds: 0 },
    outputs: [{ name: 'main', subject: `logs.${container}`, transport: 'core', format: 'json', servers: ['nats://nats-1:4222'], state: 'ready', unconfirmed_bytes: 0, counts }],
    ...others,
  };
}

export function connectionOf(change: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return {
    id: 1,
    servers: ['nats://nats-1:4222'],
    state: 'connected',
    since: at(-600),
    connects: 1,
    losses: 0,
    failed_attempts: 0,
    watchdog_closes: 0,
    auth_failures: 0,
    window_bytes: 0,
    window_limit_bytes: 2_097_152,
    outputs: 1,
    ...change,
  };
}

/** So many seconds after `NOW`. */
export function at(seconds: number): string {
  return new Date(NOW + seconds * 1000).toISOString();
}
