/**
 * The driver's own log: one JSON object per line on stderr. It never blocks: a reader that is away (the engine, with
 * live-restore) costs log lines, which are counted, and nothing else. Values are never options or environments.
 */
import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { Events, type EventKind } from './events.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export type LogFields = Readonly<Record<string, string | number | boolean>>;

const RANK: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };
/** The engine's own log takes lines of up to 64 KiB. */
const MAX_VALUE_LENGTH = 2048;
/** What may wait for a reader of stderr, in bytes. */
const MAX_WAITING_BYTES = 256 * 1024;
/** How many of the rate-limited keys are remembered; the oldest goes first. */
const MAX_LIMITED_KEYS = 1000;

/** Where lines go. `write` says false when the line had to be left out. */
export interface LogTarget {
  write(line: string): boolean;
}

interface Limit {
  until: number;
  suppressed: number;
}

export class Log {
  readonly events = new Events();
  readonly #target: LogTarget;
  readonly #now: () => number;
  readonly #limits = new Map<string, Limit>();
  #level: LogLevel;
  #lost = 0;

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(target: LogTarget, level: LogLevel = 'info', now: () => number = () => performance.now()) {
    this.#target = target;
    this.#level = level;
    this.#now = now;
  }

  /** A line that another log has written. */
  pass(line: string): void {
    if (!this.#target.write(line)) this.#lost++;
  }

  setLevel(level: LogLevel): void {
    this.#level = level;
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  /** At most one line per `key` and minute; the next one says how many were left out. */
  limited(level: LogLevel, key: string, message: string, fields: LogFields = {}): void {
    const suppressed = this.#admit(key);
    if (suppressed !== undefined) this.#write(level, message, suppressed > 0 ? { ...fields, suppressed } : fields);
  }

  /** A line that is an event, too, whatever the level of the log. `key`: limited like `limited`. */
  event(event: EventKind, level: LogLevel, message: string, fields: LogFields = {}, key?: string): void {
    const suppressed = key === undefined ? 0 : this.#admit(key);
    if (suppressed === undefined) return;
    const told = suppressed > 0 ? { ...fields, suppressed } : fields;
    this.#write(level, message, { event, ...told });
    this.events.tell({ time: new Date().toISOString(), event, level, msg: message, ...told });
  }

  /** How many lines were left out before this one; undefined: this one is left out, too. */
  #admit(key: string): number | undefined {
    const now = this.#now();
    const limit = this.#limits.get(key);
    if (limit !== undefined && now < limit.until) {
      limit.suppressed++;
      return undefined;
    }
    this.#limits.delete(key);
    if (this.#limits.size >= MAX_LIMITED_KEYS) this.#limits.delete(this.#limits.keys().next().value as string);
    this.#limits.set(key, { until: now + 60_000, suppressed: 0 });
    return limit?.suppressed ?? 0;
  }

  #write(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (RANK[level] > RANK[this.#level]) return;
    const record: Record<string, unknown> = { time: new Date().toISOString(), level, msg: message };
    for (const [key, value] of Object.entries(fields)) {
      record[key] = typeof value === 'string' && value.length > MAX_VALUE_LENGTH ? `${value.slice(0, MAX_VALUE_LENGTH)}…` : value;
    }
    if (this.#lost > 0) record['lines_lost'] = this.#lost;
    if (this.#target.write(`${JSON.stringify(record)}\n`)) this.#lost = 0;
    else this.#lost++;
  }
}

/** Standard error: without blocking where it is a pipe or a socket, directly where it is a file or a terminal. */
export function stderrTarget(): LogTarget {
  const stat = fstatSync(2);
  if (!stat.isFIFO() && !stat.isSocket()) return { write: (line) => writeSync(2, line) > 0 };
  const socket = new Socket({ fd: 2, readable: false, writable: true });
  // A reader that went away: lines are lost, the driver goes on.
  let isOpen = true;
  socket.on('error', () => isOpen = false);
  socket.unref();
  return {
    write(line) {
      if (!isOpen || socket.writableLength > MAX_WAITING_BYTES) return false;
      socket.write(line);
      return true;
    },
  };
}
