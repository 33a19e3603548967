/** The sessions of the process, by the path of their FIFO: all state is per FIFO, since a container may have several. */
import { announce } from './announcement.ts';
import { Account } from './core/account.ts';
import type { Log } from './core/log.ts';
import type { ConfigurationStatus, DriverStatus } from './core/status.ts';
import type { Gap, SessionPlan, Transport, TransportListener } from './core/types.ts';
import { FifoError, removeFifo } from './docker/fifo.ts';
import { formatters } from './formatters/registry.ts';
import { isShortage, nodeFileSystem } from './journal/file-system.ts';
import { leaveOrderlyEnd, takeOrderlyEnd } from './journal/orderly-end.ts';
import { Quarantine } from './journal/quarantine.ts';
import { sessionKey, type FoundRecord, type SessionRecord, type SessionRecords } from './journal/session-records.ts';
import { Suspect } from './journal/suspect.ts';
import { Journals } from './journals.ts';
import { Connections } from './nats/connections.ts';
import { loginReader } from './options/login.ts';
import { OptionError } from './options/option-error.ts';
import type { Settings } from './options/resolve.ts';
import { PlanError, planSession } from './plan.ts';
import { Report, sessionStatus, type Opened } from './report.ts';
import { Restoration } from './restoration.ts';
import { RequestError, type ObservableDriver } from './server/plugin.ts';
import { Session } from './session.ts';
import { fromRecord, toRecord } from './survival.ts';
import { HeldBytes } from './stages/reassemble.ts';
import { parked } from './transports/parked.ts';
import { transports } from './transports/registry.ts';

/**
 * How long StopLogging waits for NATS, and `docker stop` with it: whoever has stopped a container then finds its lines where NATS is well.
 * It makes nothing safer: delivery goes on behind the answer, until the process ends.
 */
const STOP_MS = 50;
/** For lines that the engine split, of all sessions together. */
const HELD_LINE_BYTES = 16 * 1024 * 1024;
/** Of sessions that cannot be restored. */
const MAX_QUARANTINED = 10_000;

export interface DriverSettings {
  /** What is right in the configuration. */
  readonly settings: Settings;
  /** What is wrong in it: no container is taken then, but those on record go on. */
  readonly refusal: OptionError | undefined;
  readonly hostname: string;
  readonly log: Log;
  /** undefined: no session survives the process, and no line. */
  readonly records: SessionRecords | undefined;
}

interface Opening {
  /** The path again; undefined: the FIFO is gone. */
  readonly fifo?: string;
  /** See SessionSettings. */
  readonly gaps?: readonly Gap[];
  readonly mayHaveSeam?: boolean;
  readonly isAfterKill?: boolean;
  readonly mayHaveLost?: boolean;
  /** Nothing can be delivered. */
  readonly isParked?: boolean;
  /** Begun by an earlier process. */
  readonly isRestored?: boolean;
}

export class Driver implements ObservableDriver {
  readonly #sessions = new Map<string, Opened>();
  readonly #report: Report;
  readonly #configuration: ConfigurationStatus;
  readonly #connections: Connections;
  readonly #journals: Journals;
  readonly #held = new HeldBytes(HELD_LINE_BYTES);
  readonly #records: SessionRecords | undefined;
  readonly #settings: Settings;
  readonly #refusal: OptionError | undefined;
  readonly #hostname: string;
  readonly #log: Log;
  readonly #suspect: Suspect | undefined;
  readonly #restoration: Restoration | undefined;
  /** The process before this one. */
  readonly #endedInOrder: boolean;
  /** The FIFO of the session whose lines are being handled. */
  #inHand: string | undefined;

  constructor({ settings, refusal, hostname, log, records }: DriverSettings) {
    // A limit that is not known must not cost lines.
    const options = refusal === undefined ? settings.options : { ...settings.options, 'nats-buffer-disk-size': Number.MAX_SAFE_INTEGER };
    this.#settings = settings;
    this.#refusal = refusal;
    this.#hostname = hostname;
    this.#report = new Report(hostname);
    this.#configuration = {
      ...(settings.file === undefined ? {} : { file: settings.file }),
      loaded_at: new Date().toISOString(),
      ...(refusal === undefined ? { loads: 1, refusals: 0 } : { error: refusal.message, loads: 0, refusals: 1 }),
    };
    this.#log = log;
    this.#records = records;
    this.#journals = new Journals(options, records?.state, log);
    const readLogin = loginReader(() => this.#settings.options['nats-secret-dirs'], (warning) => log.limited('warn', warning, warning));
    this.#connections = new Connections({ name: `docker-nats-log-driver@${hostname}`, readLogin }, options['nats-window-size'], log);
    if (refusal === undefined) announce(this.#connections, { settings, hostname, log, status: () => this.status() });
    this.#endedInOrder = records !== undefined && takeOrderlyEnd(records.state);
    if (records === undefined) return;
    const limit = options['nats-buffer-disk-size'];
    this.#suspect = new Suspect(nodeFileSystem, records.state);
    this.#restoration = new Restoration({
      records, log, journals: this.#journals, suspect: this.#suspect,
      quarantine: new Quarantine(nodeFileSystem, records.state, { entries: MAX_QUARANTINED, bytes: limit, largest: limit }),
      resume: (found) => this.#resume(found),
    });
  }

  /** Never waits for NATS. Throws RequestError with the text for the user. */
  startLogging(file: string, info: unknown): void {
    const asked = performance.now();
    try {
      this.#start(file, info);
    } finally {
      this.#report.startLatency.observe((performance.now() - asked) / 1000);
    }
  }

  #start(file: string, info: unknown): void {
    this.#restoration?.hasten(file);
    // The engine repeats a request whose answer it did not get.
    if (this.#sessions.has(file)) return;
    const plan = forUser(() => {
      if (this.#refusal !== undefined) throw this.#refusal;
      return planSession(this.#settings, info, this.#hostname);
    });
    this.#sessions.set(file, forUser(() => this.#open(file, plan, { fifo: file })));
    for (const warning of plan.resolved.warnings) this.#log.warn(warning, { container: plan.facts.name });
    this.#save(plan.facts.name, (records) => records.save({ ...toRecord(file, plan), isSeamless: this.#journals.isKillSafe }));
  }

  /** Goes on with the sessions of the process before this one. Requests may come meanwhile. */
  async restore(): Promise<void> {
    await this.#restoration?.run();
  }

  /** The process ends with a bug: the next one is told with which session. */
  blame(): void {
    if (this.#inHand !== undefined) this.#suspect?.accuse(sessionKey(this.#inHand));
  }

  #resume({ record, isOfThisBoot }: FoundRecord): void {
    const { file, plan: { facts }, omitted } = record;
    this.#sessions.set(file, this.#reopen(record, isOfThisBoot));
    const isSeamless = this.#journals.isKillSafe;
    if (record.isSeamless !== isSeamless) this.#update(file, facts.name, { isSeamless });
    this.#log.debug('session restored', { container: facts.name, container_id: facts.id.slice(0, 12) });
    if (omitted.length === 0) return;
    this.#log.error('the container was started with secrets as log-opts, which are not kept: it publishes without them until it is started again', {
      container: facts.name, options: omitted.join(','),
    });
  }

  /** Without its FIFO when that is gone: what the journal kept is still to be delivered. */
  #reopen(record: SessionRecord, isOfThisBoot: boolean): Opened {
    const { file, gaps, isSeamless } = record;
    // A power failure takes what the disk had not got.
    const mayHaveLost = !isSeamless || (!isOfThisBoot && this.#settings.options['nats-buffer-sync'] !== 'always');
    const isAfterKill = !this.#endedInOrder;
    const complete = this.#complete(record);
    const plan = complete ?? record.plan;
    const isParked = complete === undefined;
    try {
      if (isOfThisBoot) return this.#open(file, plan, { fifo: file, gaps, isParked, isRestored: true, mayHaveSeam: !isSeamless, mayHaveLost, isAfterKill });
    } catch (error) {
      if (!(error instanceof FifoError)) throw error;
      if (isShortage(error.cause)) throw error.cause;
    }
    return this.#open(file, plan, { gaps, isParked, isRestored: true, mayHaveLost, isAfterKill });
  }

  /** With its credentials; undefined while they cannot be known. */
  #complete(record: SessionRecord): SessionPlan | undefined {
    try {
      if (record.inherits && this.#refusal !== undefined) throw this.#refusal;
      return fromRecord(record, this.#settings);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      this.#log.limited('error', 'parked', 'lines wait on disk: the configuration with the credentials of their sessions is refused', {
        container: record.plan.facts.name, error: error.message,
      });
      return undefined;
    }
  }

  async stopLogging(file: string): Promise<void> {
    const asked = performance.now();
    this.#restoration?.hasten(file);
    await this.#sessions.get(file)?.session.stop(AbortSignal.timeout(STOP_MS));
    this.#report.stopLatency.observe((performance.now() - asked) / 1000);
  }

  /** Delivers what was read, for at most `ms`, then lets go of everything. */
  async close(ms: number): Promise<void> {
    this.#restoration?.stop();
    const signal = AbortSignal.timeout(ms);
    await Promise.all([...this.#sessions.values()].map(({ session }) => session.shutDown(signal)));
    this.#connections.closeAll();
    if (this.#records !== undefined) leaveOrderlyEnd(this.#records.state);
  }

  status(): DriverStatus {
    return this.#report.status({
      configuration: this.#configuration,
      sessions: [...this.#sessions.values()].map(sessionStatus),
      connections: this.#connections.status(),
      connection_totals: { ...this.#connections.totals },
      journal: this.#journals.status(),
      events: this.#log.events.recent,
    });
  }

  #open(file: string, plan: SessionPlan, opening: Opening): Opened {
    const { fifo, gaps = [], mayHaveSeam = false, mayHaveLost = false, isAfterKill = false, isParked = false, isRestored = false } = opening;
    const { facts, subject, format } = plan;
    const account = new Account(this.#log, facts.name, this.#report.books[plan.transport]);
    const fields = { container: facts.name, container_id: facts.id.slice(0, 12), subject };
    const session = new Session({
      file: fifo,
      formatter: formatters[format](facts),
      openTransport: (listener, epoch) => isParked ? parked : this.#openTransport(file, plan, listener, epoch),
      openJournal: (owner) => this.#journals.open(file, owner, plan.overflow.limit),
      mayHaveSeam,
      mayHaveLost,
      isAfterKill,
      plan,
      gaps,
      saveGaps: (changed) => this.#update(file, facts.name, { gaps: changed }),
      held: this.#held,
      account,
      ended: (isOver, isKept) => {
        this.#sessions.delete(file);
        this.#report.sessionsEnded++;
        if (isOver) this.#forget(file);
        // Otherwise the last frame may have been cut off, and its rest is still in the FIFO.
        else if (isKept && !this.#journals.isKillSafe) this.#update(file, facts.name, { isSeamless: true });
        // The counts of a loss are logged once a minute at most: these are the final ones.
        this.#log.event('session-ended', account.hasLosses ? 'warn' : 'debug', 'session ended', { ...fields, ...account.summary() });
      },
    });
    this.#report.sessionsStarted++;
    this.#log.event('session-started', 'debug', 'session started', fields);
    return { session, plan, isParked, isRestored, startedAt: new Date() };
  }

  #openTransport(file: string, plan: SessionPlan, listener: TransportListener, epoch: number): Transport {
    const handle = (action: () => void): void => {
      this.#inHand = file;
      action();
      this.#inHand = undefined;
    };
    return transports[plan.transport](this.#connections, plan, { name: sessionKey(file), epoch }, {
      ready: () => handle(() => listener.ready()),
      confirmed: (watermark, tally, refused) => handle(() => listener.confirmed(watermark, tally, refused)),
      lost: () => handle(() => listener.lost()),
      gaveUp: () => handle(() => listener.gaveUp()),
    });
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

  #update(file: string, container: string, change: Partial<SessionRecord>): void {
    this.#save(container, (records) => {
      const found = records.load(sessionKey(file));
      if (found !== undefined) records.save({ ...found.record, ...change });
    });
  }

  /** A disk that is full costs the session its survival, not the container its start. */
  #save(container: string, save: (records: SessionRecords) => void): void {
    try {
      if (this.#records !== undefined) save(this.#records);
    } catch (error) {
      this.#log.limited('warn', 'save session', 'a session cannot be saved: it will not survive a restart of the driver', {
        container, error: error instanceof Error ? error.message : String(error),
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
