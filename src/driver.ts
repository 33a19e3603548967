/** The sessions of the process, by the path of their FIFO: all state is per FIFO, since a container may have several. */
import { Account } from './core/account.ts';
import type { Log } from './core/log.ts';
import type { SessionPlan } from './core/types.ts';
import { FifoError } from './docker/fifo.ts';
import { formatters } from './formatters/registry.ts';
import { MemoryBudget } from './journal/memory.ts';
import type { SessionRecords } from './journal/session-records.ts';
import { Connections } from './nats/connections.ts';
import { OptionError } from './options/option-error.ts';
import type { Settings } from './options/resolve.ts';
import { PlanError, planSession, type Plan } from './plan.ts';
import { RequestError, type LogDriver } from './server.ts';
import { Session } from './session.ts';
import { fromRecord, toRecord } from './survival.ts';
import { HeldBytes } from './stages/reassemble.ts';
import { transports } from './transports/registry.ts';

/** How long StopLogging waits for NATS: `docker stop` waits as long. */
const STOP_MS = 1000;
/** For lines that the engine split, of all sessions together. */
const HELD_LINE_BYTES = 16 * 1024 * 1024;

export class Driver implements LogDriver {
  readonly #sessions = new Map<string, Session>();
  readonly #connections: Connections;
  readonly #budget: MemoryBudget;
  readonly #held = new HeldBytes(HELD_LINE_BYTES);
  readonly #records: SessionRecords | undefined;
  readonly #settings: Settings;
  readonly #hostname: string;
  readonly #log: Log;

  /** Without `records` no session survives the process. */
  constructor(settings: Settings, hostname: string, log: Log, records: SessionRecords | undefined) {
    const { 'nats-window-size': windowBytes, 'nats-buffer-size': bufferBytes } = settings.options;
    this.#settings = settings;
    this.#hostname = hostname;
    this.#log = log;
    this.#records = records;
    this.#budget = new MemoryBudget(bufferBytes);
    this.#connections = new Connections(`docker-nats-log-driver@${hostname}`, windowBytes, log);
  }

  /** Never waits for NATS. Throws RequestError with the text for the user. */
  startLogging(file: string, info: unknown): void {
    // The engine repeats a request whose answer it did not get.
    if (this.#sessions.has(file)) return;
    const plan = forUser(() => planSession(this.#settings, info, this.#hostname));
    const session = forUser(() => this.#open(file, plan));
    this.#sessions.set(file, session);
    for (const warning of plan.resolved.warnings) this.#log.warn(warning, { container: plan.facts.name });
    this.#save(file, plan);
  }

  /** Goes on with the sessions of the process before this one: the engine does not start them again. */
  restore(): void {
    for (const record of this.#records?.load() ?? []) {
      const { file, plan: { facts }, omitted } = record;
      if (this.#sessions.has(file)) continue;
      try {
        this.#sessions.set(file, this.#open(file, fromRecord(record, this.#settings)));
      } catch (error) {
        if (!(error instanceof FifoError)) throw error;
        this.#records?.remove(file);
        continue;
      }
      this.#log.info('session restored', { container: facts.name, container_id: facts.id.slice(0, 12) });
      if (omitted.length > 0) {
        this.#log.error('the container was started with secrets as log-opts, which are not kept: it publishes without them until it is started again', {
          container: facts.name, options: omitted.join(','),
        });
      }
    }
  }

  async stopLogging(file: string): Promise<void> {
    await this.#sessions.get(file)?.stop(AbortSignal.timeout(STOP_MS));
  }

  /** Delivers what was read, for at most `ms`, then lets go of everything. */
  async close(ms: number): Promise<void> {
    const signal = AbortSignal.timeout(ms);
    await Promise.all([...this.#sessions.values()].map((session) => session.shutDown(signal)));
    this.#connections.closeAll();
  }

  #open(file: string, { facts, subject, target, format, transport }: SessionPlan): Session {
    const account = new Account(this.#log, facts.name);
    const fields = { container: facts.name, container_id: facts.id.slice(0, 12), subject };
    const session = new Session({
      file,
      formatter: formatters[format](facts),
      openTransport: (listener) => transports[transport](this.#connections, target, subject, listener),
      budget: this.#budget,
      held: this.#held,
      account,
      ended: (isOver) => {
        this.#sessions.delete(file);
        if (isOver) this.#records?.remove(file);
        // The counts of a loss are logged once a minute at most: these are the final ones.
        this.#log[account.hasLosses ? 'warn' : 'debug']('session ended', { ...fields, ...account.summary() });
      },
    });
    this.#log.debug('session started', fields);
    return session;
  }

  /** A disk that is full costs the session its survival, not the container its start. */
  #save(file: string, plan: Plan): void {
    try {
      this.#records?.save(toRecord(file, plan));
    } catch (error) {
      this.#log.limited('warn', 'save session', 'a session cannot be saved: it will not survive a restart of the driver', {
        container: plan.facts.name, error: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

/** What is the user's fault is told to the user; the rest is a bug. */
function forUser<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof OptionError || error instanceof PlanError) throw new RequestError(error.message, { cause: error });
    if (error instanceof FifoError) throw new RequestError(`nats: ${error.message}`, { cause: error });
    throw error;
  }
}
