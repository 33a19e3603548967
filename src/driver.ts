/** The sessions of the process, by the path of their FIFO: all state is per FIFO, since a container may have several. */
import { Account } from './core/account.ts';
import type { Log } from './core/log.ts';
import type { Gap, SessionPlan } from './core/types.ts';
import { FifoError, removeFifo } from './docker/fifo.ts';
import { formatters } from './formatters/registry.ts';
import { sessionKey, type SessionRecord, type SessionRecords } from './journal/session-records.ts';
import { Journals } from './journals.ts';
import { Connections } from './nats/connections.ts';
import { OptionError } from './options/option-error.ts';
import type { Settings } from './options/resolve.ts';
import { PlanError, planSession } from './plan.ts';
import { RequestError, type LogDriver } from './server.ts';
import { Session } from './session.ts';
import { fromRecord, toRecord } from './survival.ts';
import { HeldBytes } from './stages/reassemble.ts';
import { transports } from './transports/registry.ts';

/** How long StopLogging waits for NATS, and `docker stop` with it: what is on disk is safe, what is in memory is not. */
const STOP_MS = { disk: 50, memory: 1000 } as const;
/** For lines that the engine split, of all sessions together. */
const HELD_LINE_BYTES = 16 * 1024 * 1024;

export class Driver implements LogDriver {
  readonly #sessions = new Map<string, Session>();
  readonly #connections: Connections;
  readonly #journals: Journals;
  readonly #held = new HeldBytes(HELD_LINE_BYTES);
  readonly #records: SessionRecords | undefined;
  readonly #settings: Settings;
  readonly #hostname: string;
  readonly #log: Log;

  /** Without `records` no session survives the process, and no line. */
  constructor(settings: Settings, hostname: string, log: Log, records: SessionRecords | undefined) {
    const { 'nats-window-size': windowBytes } = settings.options;
    this.#settings = settings;
    this.#hostname = hostname;
    this.#log = log;
    this.#records = records;
    this.#journals = new Journals(settings.options, records?.state, log);
    this.#connections = new Connections(`docker-nats-log-driver@${hostname}`, windowBytes, log);
  }

  /** Never waits for NATS. Throws RequestError with the text for the user. */
  startLogging(file: string, info: unknown): void {
    // The engine repeats a request whose answer it did not get.
    if (this.#sessions.has(file)) return;
    const plan = forUser(() => planSession(this.#settings, info, this.#hostname));
    const session = forUser(() => this.#open(file, file, plan, false));
    this.#sessions.set(file, session);
    for (const warning of plan.resolved.warnings) this.#log.warn(warning, { container: plan.facts.name });
    this.#saveRecord({ ...toRecord(file, plan), isSeamless: this.#journals.isKillSafe });
  }

  /** Goes on with the sessions of the process before this one: the engine does not start them again. */
  restore(): void {
    const found = this.#records?.load() ?? [];
    const orphans = this.#journals.removeOthers(found.map(({ record }) => record.file));
    if (orphans > 0) this.#log.error('lines lost: the records of their sessions cannot be read', { sessions: orphans });
    for (const { record, isOfThisBoot } of found) {
      if (!this.#sessions.has(record.file)) this.#restoreSession(record, isOfThisBoot);
    }
  }

  #restoreSession(record: SessionRecord, isOfThisBoot: boolean): void {
    const { file, plan: { facts }, omitted } = record;
    const plan = fromRecord(record, this.#settings);
    this.#sessions.set(file, this.#reopen(record, isOfThisBoot, plan));
    this.#saveRecord({ ...record, isSeamless: this.#journals.isKillSafe });
    this.#log.info('session restored', { container: facts.name, container_id: facts.id.slice(0, 12) });
    if (omitted.length === 0) return;
    this.#log.error('the container was started with secrets as log-opts, which are not kept: it publishes without them until it is started again', {
      container: facts.name, options: omitted.join(','),
    });
  }

  /** Without its FIFO when that is gone: what the journal kept is still to be delivered. */
  #reopen({ file, isSeamless }: SessionRecord, isOfThisBoot: boolean, plan: SessionPlan): Session {
    try {
      if (isOfThisBoot) return this.#open(file, file, plan, !isSeamless);
    } catch (error) {
      if (!(error instanceof FifoError)) throw error;
    }
    return this.#open(file, undefined, plan, false);
  }

  async stopLogging(file: string): Promise<void> {
    await this.#sessions.get(file)?.stop(AbortSignal.timeout(this.#journals.isKillSafe ? STOP_MS.disk : STOP_MS.memory));
  }

  /** Delivers what was read, for at most `ms`, then lets go of everything. */
  async close(ms: number): Promise<void> {
    const signal = AbortSignal.timeout(ms);
    await Promise.all([...this.#sessions.values()].map((session) => session.shutDown(signal)));
    this.#connections.closeAll();
  }

  /** `fifo`: the path again, or undefined when the FIFO is gone. */
  #open(file: string, fifo: string | undefined, plan: SessionPlan, mayHaveGap: boolean): Session {
    const { facts, subject, format, transport } = plan;
    const account = new Account(this.#log, facts.name);
    const fields = { container: facts.name, container_id: facts.id.slice(0, 12), subject };
    const session = new Session({
      file: fifo,
      formatter: formatters[format](facts),
      openTransport: (listener, epoch) => transports[transport](this.#connections, plan, { name: sessionKey(file), epoch }, listener),
      openJournal: (owner) => this.#journals.open(file, owner, plan.overflow.limit),
      mayHaveGap,
      plan,
      gaps: this.#records?.find(file)?.gaps ?? [],
      saveGaps: (gaps) => this.#saveGaps(file, gaps),
      held: this.#held,
      account,
      ended: (isOver, isKept) => {
        this.#sessions.delete(file);
        if (isOver) this.#forget(file);
        // Otherwise the last frame may have been cut off, and its rest is still in the FIFO.
        else if (isKept) this.#endWell(file);
        // The counts of a loss are logged once a minute at most: these are the final ones.
        this.#log[account.hasLosses ? 'warn' : 'debug']('session ended', { ...fields, ...account.summary() });
      },
    });
    this.#log.debug('session started', fields);
    return session;
  }

  #forget(file: string): void {
    this.#records?.remove(file);
    try {
      removeFifo(file);
    } catch (error) {
      this.#log.limited('warn', 'remove fifo', 'a log FIFO that is done with cannot be removed', {
        file, error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  #saveGaps(file: string, gaps: readonly Gap[]): void {
    const record = this.#records?.find(file);
    if (record !== undefined) this.#saveRecord({ ...record, gaps });
  }

  /** The process ends in order, and the session goes on in the next one. */
  #endWell(file: string): void {
    const record = this.#records?.find(file);
    if (record !== undefined) this.#saveRecord({ ...record, isSeamless: true });
  }

  /** A disk that is full costs the session its survival, not the container its start. */
  #saveRecord(record: SessionRecord): void {
    try {
      this.#records?.save(record);
    } catch (error) {
      this.#log.limited('warn', 'save session', 'a session cannot be saved: it will not survive a restart of the driver', {
        container: record.plan.facts.name, error: error instanceof Error ? error.message : String(error),
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
