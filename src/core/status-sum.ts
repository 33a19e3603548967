/** What the parts of a driver know of themselves, each of some of its sessions, as one. */
import { sumOfLatencies } from './latency.ts';
import type { ConnectionCounts, ConnectionStatus, Counts, DriverStatus, JournalTotals, LatencyStatus } from './status.ts';

/** What a part that has connections of its own knows of them. */
export type ConnectionsStatus = Pick<DriverStatus, 'connections' | 'connection_totals'>;

/** What only the whole knows. */
type Whole = Pick<DriverStatus, 'configuration' | 'events'>;

/** `parts`: at least one, always in the same order. `own`: connections of none of them. */
export function sumOfStatuses(parts: readonly DriverStatus[], own: ConnectionsStatus, whole: Whole): DriverStatus {
  const [first] = parts;
  if (first === undefined) throw new RangeError('expected at least one status');
  const sum = (read: (status: DriverStatus) => number): number => parts.reduce((total, status) => total + read(status), 0);
  const latency = (read: (status: DriverStatus) => LatencyStatus): LatencyStatus => sumOfLatencies(parts.map(read));
  const counts = (transport: keyof DriverStatus['totals']): Counts => parts.map(({ totals }) => totals[transport]).reduce(addCounts);
  return {
    ...first,
    ...whole,
    workers: sum(({ workers }) => workers),
    sessions: parts.flatMap(({ sessions }) => sessions).sort((one, other) => other.bytes_read - one.bytes_read),
    sessions_started: sum(({ sessions_started }) => sessions_started),
    sessions_ended: sum(({ sessions_ended }) => sessions_ended),
    connections: joined([own, ...parts].map(({ connections }) => connections)),
    connection_totals: [own, ...parts].map(({ connection_totals }) => connection_totals).reduce(addConnectionCounts),
    journal: parts.map(({ journal }) => journal).reduce(addJournals),
    bytes_read: sum(({ bytes_read }) => bytes_read),
    totals: { core: counts('core'), jetstream: counts('jetstream') },
    delivery_latency: { core: latency((status) => status.delivery_latency.core), jetstream: latency((status) => status.delivery_latency.jetstream) },
    start_latency: latency(({ start_latency }) => start_latency),
    stop_latency: latency(({ stop_latency }) => stop_latency),
  };
}

/** Each part numbers its connections from 1. */
function joined(lists: readonly (readonly ConnectionStatus[])[]): ConnectionStatus[] {
  return lists.flatMap((connections, part) => connections.map((connection) => ({ ...connection, id: (connection.id - 1) * lists.length + part + 1 })));
}

function addCounts(one: Counts, other: Counts): Counts {
  const reasons = Object.keys(one.lines_dropped) as (keyof Counts['lines_dropped'])[];
  const lines_dropped = Object.fromEntries(reasons.map((reason) => [reason, one.lines_dropped[reason] + other.lines_dropped[reason]])) as Counts['lines_dropped'];
  return { ...addNumbers({ ...one, lines_dropped: 0 }, { ...other, lines_dropped: 0 }), lines_dropped };
}

function addConnectionCounts(one: ConnectionCounts, other: ConnectionCounts): ConnectionCounts {
  return addNumbers({ ...one }, { ...other });
}

function addNumbers<Keys extends string>(one: Readonly<Record<Keys, number>>, other: Readonly<Record<Keys, number>>): Record<Keys, number> {
  return Object.fromEntries((Object.keys(one) as Keys[]).map((key) => [key, one[key] + other[key]])) as Record<Keys, number>;
}

/** The room is the same one for all. */
function addJournals(one: JournalTotals, other: JournalTotals): JournalTotals {
  return {
    ...(one.disk === undefined || other.disk === undefined ? {} : {
      disk: { ...one.disk, bytes: one.disk.bytes + other.disk.bytes, is_failing: one.disk.is_failing || other.disk.is_failing, ...least(one.disk, other.disk) },
    }),
    memory: { ...one.memory, bytes: one.memory.bytes + other.memory.bytes },
    oldest_age_seconds: Math.max(one.oldest_age_seconds, other.oldest_age_seconds),
  };
}

type Disk = NonNullable<JournalTotals['disk']>;

/** Not every part has looked at the disk. */
function least(one: Disk, other: Disk): Pick<Disk, 'available_bytes'> {
  const known = [one, other].flatMap(({ available_bytes }) => available_bytes ?? []);
  return known.length === 0 ? {} : { available_bytes: Math.min(...known) };
}
