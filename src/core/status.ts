/**
 * What the driver knows of itself at one moment, as plain data: what `GET /status` answers, what metrics, the command
 * `status` and the status page are made of. Keys are spelled as in the JSON. Counters begin with the process and never
 * go down; bytes are bytes, times RFC 3339 in UTC, durations seconds. No secret is in it, and no value of an option
 * but servers (without credentials) and subjects.
 */
import type { DriverEvent } from './events.ts';
import type { Options } from './options.generated.ts';
import type { DropReason } from './types.ts';

export interface DriverStatus {
  readonly version: string;
  readonly hostname: string;
  readonly pid: number;
  readonly started_at: string;
  readonly uptime_seconds: number;
  /** Threads that the sessions are spread over. */
  readonly workers: number;
  readonly configuration: ConfigurationStatus;
  /** The busiest first. */
  readonly sessions: readonly SessionStatus[];
  /** In this process; those of an earlier one that were restored began, too. */
  readonly sessions_started: number;
  readonly sessions_ended: number;
  readonly connections: readonly ConnectionStatus[];
  /** Of all connections of this process, those that are closed included. */
  readonly connection_totals: ConnectionCounts;
  readonly journal: JournalTotals;
  /** From all FIFOs. */
  readonly bytes_read: number;
  /** By transport: all sessions of this process, those that have ended included. */
  readonly totals: Readonly<Record<Options['nats-transport'], Counts>>;
  /** From a line's own time to its confirmation, by transport; observed once for each batch that NATS confirmed. */
  readonly delivery_latency: Readonly<Record<Options['nats-transport'], LatencyStatus>>;
  /** How long the engine waited for its answer. */
  readonly start_latency: LatencyStatus;
  readonly stop_latency: LatencyStatus;
  /** What happened lately, oldest first. */
  readonly events: readonly DriverEvent[];
}

export interface ConfigurationStatus {
  /** The YAML file in force; undefined: there is none. */
  readonly file?: string;
  /** `bucket/key` of the document in force beside it; undefined: there is none. */
  readonly bucket?: string;
  /** Tells one content of the configuration from another. */
  readonly revision?: string;
  readonly loaded_at: string;
  /** False: none was good yet, and no container is taken. */
  readonly in_force: boolean;
  /** Why the configuration found last is not in force; undefined: it is. */
  readonly error?: string;
  /** How often one was taken over, and refused, since the process began. */
  readonly loads: number;
  readonly refusals: number;
}

/**
 * `live`: the container runs. `stopping`: the engine has asked to stop, or closed the FIFO, and lines are not confirmed
 * yet. `parked`: its credentials are not known while the configuration is refused.
 */
export type SessionState = 'live' | 'stopping' | 'parked';

export interface SessionStatus {
  /** Tells it from all others, also after a restart of the driver. */
  readonly id: string;
  readonly container: string;
  readonly container_id: string;
  readonly state: SessionState;
  readonly started_at: string;
  /** Begun by an earlier process. */
  readonly is_restored: boolean;
  /** From the FIFO. */
  readonly bytes_read: number;
  /** When the container last wrote, as far as this process has seen it. */
  readonly last_read_at?: string;
  readonly journal: SessionJournal;
  /** Where the lines go: at least one. */
  readonly outputs: readonly OutputStatus[];
}

export interface SessionJournal {
  readonly kind: 'disk' | 'memory';
  /** Not confirmed by all outputs. */
  readonly bytes: number;
  /** Of these: those that go with the process. */
  readonly volatile_bytes: number;
  /** Of the oldest line that is not confirmed, at most; 0: there is none. */
  readonly oldest_age_seconds: number;
}

/** `away`: NATS, or the stream, is not reached. `waiting`: for room in the window. */
export type OutputState = 'ready' | 'waiting' | 'away' | 'gave-up' | 'parked';

export interface OutputStatus {
  /** `main`, or a further one of the configuration. */
  readonly name: string;
  readonly subject: string;
  readonly transport: Options['nats-transport'];
  readonly format: Options['nats-format'];
  readonly servers: readonly string[];
  readonly state: OutputState;
  /** Of the FIFO, not confirmed by this output. */
  readonly unconfirmed_bytes: number;
  readonly counts: Counts;
}

/** Of one output, or of several. A line that the engine split counts once. */
export interface Counts {
  /** Handed over to the connection at least once, or given up. What waits in the journal is not decoded yet. */
  readonly lines_read: number;
  readonly lines_confirmed: number;
  /** Of the FIFO: the frames of these lines. */
  readonly bytes_confirmed: number;
  /** Handed over again, since a connection was lost or a stream did not answer. */
  readonly lines_resent: number;
  readonly lines_dropped: Readonly<Record<DropReason, number>>;
  readonly lines_truncated: number;
  readonly lines_split: number;
  readonly lines_dead_lettered: number;
  /** Records of gaps that were confirmed. */
  readonly gaps: number;
  /** Those that NATS had not taken when their sessions ended: nobody will hear of these losses but by this status and the log. */
  readonly gaps_given_up: number;
  /** That were no log entry. */
  readonly bytes_skipped: number;
  /** How many stretches of bytes these are: each lies between two frames, and takes as many log entries with it as are damaged in it, most often one. */
  readonly places_skipped: number;
  /** That the disk did not give back. */
  readonly bytes_unreadable: number;
  /** Kills of the driver, and power failures, after which lines of a session may be missing. */
  readonly crashes: number;
}

/**
 * `connecting`: no attempt has failed yet. `disconnected`: lost, or the last attempt failed. `auth-failed`: the last
 * attempt failed since the server refuses the login.
 */
export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'auth-failed' | 'gave-up';

export interface ConnectionCounts {
  readonly connects: number;
  /** Connections that were lost. */
  readonly losses: number;
  readonly failed_attempts: number;
  /** Servers left because they hung. */
  readonly watchdog_closes: number;
  readonly auth_failures: number;
}

export interface ConnectionStatus extends ConnectionCounts {
  /** Tells it from the others of this process, which may have the same servers and other credentials. */
  readonly id: number;
  /** Those that are configured, without credentials. */
  readonly servers: readonly string[];
  readonly state: ConnectionState;
  /** The server that it is connected to, or was tried last. */
  readonly server?: string;
  readonly server_version?: string;
  /** Why it is not connected. */
  readonly reason?: string;
  /** It is connected, or is not. */
  readonly since: string;
  /** On the way and not confirmed. */
  readonly window_bytes: number;
  readonly window_limit_bytes: number;
  /** Of the PING that was answered last, with all that was sent before it. */
  readonly round_trip_seconds?: number;
  /** Outputs that use it. */
  readonly outputs: number;
}

export interface JournalTotals {
  readonly disk?: {
    readonly bytes: number;
    readonly limit_bytes: number;
    /** What the disk has left for the journals, without what stays free for others. */
    readonly available_bytes?: number;
    /** The disk does not take lines. */
    readonly is_failing: boolean;
  };
  readonly memory: { readonly bytes: number; readonly limit_bytes: number };
  /** Of the oldest line that is not confirmed. */
  readonly oldest_age_seconds: number;
}

/** A histogram: how many observations were at most `le` seconds, cumulated; `count` are all. */
export interface LatencyStatus {
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  readonly sum_seconds: number;
  readonly count: number;
  /** Estimated from the buckets; undefined: nothing was observed. */
  readonly p50_seconds?: number;
  readonly p99_seconds?: number;
}
