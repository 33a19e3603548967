/** Every metric of the driver once: what it is, and how it follows from the status. The names lack the prefix. */
import { isReady, problemsOf } from '../core/readiness.ts';
import type { ContainerCounts } from './container-series.ts';
import type { ConnectionState, Counts, DriverStatus, LatencyStatus, OutputState, SessionState } from '../core/status.ts';

export const PREFIX = 'docker_nats_log_';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** What the name of a histogram's parts ends with. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

export interface MetricDefinition {
  /** A counter ends with `_total`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Without a histogram's own `le`. */
  readonly labels: readonly string[];
  readonly samples: (status: DriverStatus, containers: ContainerSeriesMap) => readonly Sample[];
}

/** Those that have series of their own, and the one of the others. */
export type ContainerSeriesMap = ReadonlyMap<string, ContainerCounts>;

const SESSION_STATES: readonly SessionState[] = ['live', 'stopping', 'parked'];
const OUTPUT_STATES: readonly OutputState[] = ['ready', 'waiting', 'away', 'gave-up', 'parked'];
const CONNECTION_STATES: readonly ConnectionState[] = ['connecting', 'connected', 'disconnected', 'auth-failed', 'gave-up'];
/** Each container may name servers of its own. */
const MAX_CONNECTIONS = 100;

type Transport = keyof DriverStatus['totals'];

const TRANSPORTS: readonly Transport[] = ['core', 'jetstream'];

function only(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}

/** One without labels. */
function simple(type: 'counter' | 'gauge', name: string, help: string, read: (status: DriverStatus) => number | undefined): MetricDefinition {
  return { name, type, help, labels: [], samples: (status) => only(read(status)) };
}

/** A counter for each transport. */
function counter(name: string, help: string, read: (counts: Counts) => number): MetricDefinition {
  const samples = ({ totals }: DriverStatus): Sample[] => TRANSPORTS.map((transport) => ({ labels: { transport }, value: read(totals[transport]) }));
  return { name, type: 'counter', help, labels: ['transport'], samples };
}

/** How many are in each state: 0 is told, too. */
function inStates(label: string, states: readonly string[], found: readonly string[]): Sample[] {
  return states.map((state) => ({ labels: { [label]: state }, value: found.filter((each) => each === state).length }));
}

function histogram({ buckets, sum_seconds, count }: LatencyStatus, labels: Readonly<Record<string, string>>): Sample[] {
  return [
    ...buckets.map(({ le, count: value }): Sample => ({ labels: { ...labels, le: String(le) }, value, suffix: '_bucket' })),
    { labels: { ...labels, le: '+Inf' }, value: count, suffix: '_bucket' },
    { labels, value: sum_seconds, suffix: '_sum' },
    { labels, value: count, suffix: '_count' },
  ];
}

/** A gauge for each connection. */
function ofConnections(
  name: string, help: string, read: (connection: DriverStatus['connections'][number]) => number | undefined,
): MetricDefinition {
  const samples = ({ connections }: DriverStatus): Sample[] => connections.slice(0, MAX_CONNECTIONS).flatMap((connection) => {
    const value = read(connection);
    return value === undefined ? [] : [{ labels: { connection: String(connection.id), servers: connection.servers.join(',') }, value }];
  });
  return { name, type: 'gauge', help, labels: ['connection', 'servers'], samples };
}

function ofJournal(name: string, help: string, read: (room: { bytes: number; limit_bytes: number }) => number): MetricDefinition {
  const samples = ({ journal: { disk, memory } }: DriverStatus): Sample[] => [
    ...disk === undefined ? [] : [{ labels: { kind: 'disk' }, value: read(disk) }],
    { labels: { kind: 'memory' }, value: read(memory) },
  ];
  return { name, type: 'gauge', help, labels: ['kind'], samples };
}

function ofContainers(name: string, help: string, read: (counts: ContainerCounts) => number): MetricDefinition {
  const samples = (_: DriverStatus, containers: ContainerSeriesMap): Sample[] =>
    [...containers].map(([container, counts]) => ({ labels: { container }, value: read(counts) }));
  return { name, type: 'counter', help, labels: ['container'], samples };
}

export const metricList: readonly MetricDefinition[] = [
  {
    name: 'build_info', type: 'gauge', help: 'Always 1; the version of the driver.', labels: ['version'],
    samples: ({ version }) => [{ labels: { version }, value: 1 }],
  },
  simple('gauge', 'ready', 'Whether /readyz answers 200.', (status) => isReady(problemsOf(status, Date.now())) ? 1 : 0),

  simple('gauge', 'workers', 'Threads that the sessions are spread over: nats-log-workers.', ({ workers }) => workers),
  simple('counter', 'read_bytes_total', 'Bytes read from the containers\' FIFOs, with the engine\'s frames.', ({ bytes_read }) => bytes_read),
  counter('lines_read_total', 'Lines handed over to a connection for the first time, or dropped before that.', ({ lines_read }) => lines_read),
  counter('lines_confirmed_total', 'Lines that NATS has confirmed.', ({ lines_confirmed }) => lines_confirmed),
  counter('confirmed_bytes_total', 'Bytes of the FIFOs whose lines NATS has confirmed.', ({ bytes_confirmed }) => bytes_confirmed),
  counter('lines_resent_total', 'Lines handed over again after a lost connection or a missing answer.', ({ lines_resent }) => lines_resent),
  {
    name: 'lines_dropped_total', type: 'counter', help: 'Lines given up, by reason.', labels: ['transport', 'reason'],
    samples: ({ totals }) => TRANSPORTS.flatMap((transport) => Object.entries(totals[transport].lines_dropped).map(([reason, value]) =>
      ({ labels: { transport, reason }, value }))),
  },
  counter('lines_truncated_total', 'Lines published with a part of their text cut off.', ({ lines_truncated }) => lines_truncated),
  counter('lines_split_total', 'Lines published in several messages.', ({ lines_split }) => lines_split),
  counter('lines_dead_lettered_total', 'Lines published to nats-dead-letter-subject.', ({ lines_dead_lettered }) => lines_dead_lettered),
  counter('gap_records_total', 'Records of dropped lines that NATS has confirmed.', ({ gaps }) => gaps),
  counter('gap_records_given_up_total', 'Records of dropped lines that NATS had not taken when their session ended.', ({ gaps_given_up }) => gaps_given_up),
  counter('skipped_bytes_total', 'Bytes of the FIFOs that were no log entry.', ({ bytes_skipped }) => bytes_skipped),
  counter('skipped_places_total', 'Stretches of bytes that were no log entry: the next frame behind each was found.', ({ places_skipped }) => places_skipped),
  counter('crashes_total', 'Times that lines may be missing, in unknown number, since the driver was killed.', ({ crashes }) => crashes),
  counter('unreadable_bytes_total', 'Bytes that the disk did not give back.', ({ bytes_unreadable }) => bytes_unreadable),
  {
    name: 'delivery_latency_seconds', type: 'histogram', labels: ['transport'],
    help: 'From the time of a line to its confirmation by NATS, observed once for each confirmed batch, with the newest line in it.',
    samples: ({ delivery_latency }) => TRANSPORTS.flatMap((transport) => histogram(delivery_latency[transport], { transport })),
  },

  {
    name: 'sessions', type: 'gauge', help: 'Sessions by state.', labels: ['state'],
    samples: ({ sessions }) => inStates('state', SESSION_STATES, sessions.map(({ state }) => state)),
  },
  simple('counter', 'sessions_started_total', 'Sessions started or restored.', ({ sessions_started }) => sessions_started),
  simple('counter', 'sessions_ended_total', 'Sessions ended.', ({ sessions_ended }) => sessions_ended),
  {
    name: 'outputs', type: 'gauge', help: 'Outputs of all sessions by state.', labels: ['state'],
    samples: ({ sessions }) => inStates('state', OUTPUT_STATES, sessions.flatMap(({ outputs }) => outputs.map(({ state }) => state))),
  },
  {
    name: 'start_logging_seconds', type: 'histogram', help: 'How long the start of a container waited for the driver.', labels: [],
    samples: ({ start_latency }) => histogram(start_latency, {}),
  },
  {
    name: 'stop_logging_seconds', type: 'histogram', help: 'How long the stop of a container waited for the driver.', labels: [],
    samples: ({ stop_latency }) => histogram(stop_latency, {}),
  },

  ofJournal('journal_bytes', 'Room taken by unconfirmed lines of all sessions.', ({ bytes }) => bytes),
  ofJournal('journal_limit_bytes', 'Room for unconfirmed lines: nats-buffer-disk-size and nats-buffer-size.', ({ limit_bytes }) => limit_bytes),
  simple('gauge', 'journal_available_bytes', 'What the disk has left for unconfirmed lines, without the part that stays free for others.',
    ({ journal }) => journal.disk?.available_bytes),
  simple('gauge', 'journal_failing', 'Whether the disk does not take lines.', ({ journal: { disk } }) => disk === undefined ? undefined : Number(disk.is_failing)),
  simple('gauge', 'unconfirmed_bytes', 'Bytes of the FIFOs that NATS has not confirmed.',
    ({ sessions }) => sessions.reduce((sum, { journal }) => sum + journal.bytes, 0)),
  simple('gauge', 'oldest_unconfirmed_seconds', 'Age of the oldest unconfirmed line, at most.', ({ journal }) => journal.oldest_age_seconds),

  ofConnections('connection_up', 'Whether the connection is established.', ({ state }) => state === 'connected' ? 1 : 0),
  {
    name: 'connections', type: 'gauge', help: 'Connections by state.', labels: ['state'],
    samples: ({ connections }) => inStates('state', CONNECTION_STATES, connections.map(({ state }) => state)),
  },
  ofConnections('connection_since_timestamp_seconds', 'Since when the connection is up, or is not.', ({ since }) => Date.parse(since) / 1000),
  ofConnections('connection_window_bytes', 'Bytes on the way and not confirmed.', ({ window_bytes }) => window_bytes),
  ofConnections('connection_window_limit_bytes', 'Bytes that may be on the way: nats-window-size.', ({ window_limit_bytes }) => window_limit_bytes),
  ofConnections('connection_round_trip_seconds', 'Of the PING that was answered last, with all that was sent before it.',
    ({ round_trip_seconds }) => round_trip_seconds),
  ofConnections('connection_outputs', 'Outputs that use the connection.', ({ outputs }) => outputs),
  simple('counter', 'connects_total', 'Connections established.', ({ connection_totals }) => connection_totals.connects),
  simple('counter', 'connection_losses_total', 'Connections lost.', ({ connection_totals }) => connection_totals.losses),
  simple('counter', 'connect_failures_total', 'Attempts to connect that failed.', ({ connection_totals }) => connection_totals.failed_attempts),
  simple('counter', 'auth_failures_total', 'Logins that a server refused.', ({ connection_totals }) => connection_totals.auth_failures),
  simple('counter', 'watchdog_closes_total', 'Servers left because they hung.', ({ connection_totals }) => connection_totals.watchdog_closes),

  simple('gauge', 'configuration_ok', 'Whether the configuration found last is in force.', ({ configuration }) => configuration.error === undefined ? 1 : 0),
  simple('gauge', 'configuration_loaded_timestamp_seconds', 'When the configuration in force was loaded.',
    ({ configuration }) => Date.parse(configuration.loaded_at) / 1000),
  {
    name: 'configuration_loads_total', type: 'counter', help: 'Configurations taken over (ok) and refused.', labels: ['result'],
    samples: ({ configuration: { loads, refusals } }) => [{ labels: { result: 'ok' }, value: loads }, { labels: { result: 'refused' }, value: refusals }],
  },

  ofContainers('container_read_bytes_total', 'Bytes read from the container\'s FIFOs.', ({ bytesRead }) => bytesRead),
  ofContainers('container_lines_confirmed_total', 'Lines of the container that NATS has confirmed.', ({ linesConfirmed }) => linesConfirmed),
  ofContainers('container_lines_dropped_total', 'Lines of the container that were given up.', ({ linesDropped }) => linesDropped),
  {
    name: 'container_unconfirmed_bytes', type: 'gauge', labels: ['container'],
    help: 'Bytes of the container\'s FIFOs that NATS has not confirmed; only for those with a series of their own.',
    samples: ({ sessions }, containers) => {
      const bytes = new Map<string, number>();
      for (const { container, journal } of sessions) {
        if (containers.has(container)) bytes.set(container, (bytes.get(container) ?? 0) + journal.bytes);
      }
      return [...bytes].map(([container, value]) => ({ labels: { container }, value }));
    },
  },
];
