/** The sessions of the process, by the path of their FIFO: all state is per FIFO, since a container may have several. */
import { setImmediate } from 'node:timers/promises';
import type { Configuration } from './configuration.ts';
import type { Log } from './core/log.ts';
import type { Options } from './core/options.generated.ts';
import type { DriverStatus } from './core/status.ts';
import type { StopViewing, Viewer } from './core/viewer.ts';
import { MAIN_OUTPUT, type SessionPlan } from './core/plan.ts';
import { FifoError } from './docker/fifo.ts';
import { Excerpt } from './excerpt.ts';
import { isShortage, nodeFileSystem } from './journal/file-system.ts';
import { Quarantine } from './journal/quarantine.ts';
import { sessionKey, type FoundRecord, type SessionRecord, type SessionRecords } from './journal/session-records.ts';
import { Suspect } from './journal/suspect.ts';
import { Journals, type JournalSharing } from './journals.ts';
import { Connections } from './nats/connections.ts';
import { linkSettings } from './link-settings.ts';
import type { LinkSettings } from './nats/link.ts';
import { OptionError } from './options/option-error.ts';
import { Opener } from './opener.ts';
import { PlanError, planContainer, readContainer, toSession, type Plan } from './plan.ts';
import { Report, sessionStatus, type Opened } from './report.ts';
import { Restoration } from './restoration.ts';
import { RequestError, type LogDriver } from './server/log-driver.ts';
import type { Session } from './session.ts';
import { fromRecord, toRecord, withCredentials } from './survival.ts';

/**
 * How long StopLogging waits for NATS, and `docker stop` with it: whoever has stopped a container then finds its lines where NATS is well.
 * It makes nothing safer: delivery goes on behind the answer, until the process ends.
 */
const STOP_MS = 50;
/** Work of one turn of the event loop. */
const SLICE_MS = 10;
/** Of sessions that cannot be restored. */
const MAX_QUARANTINED = 10_000;

export interface DriverSettings {
  /** While it is refused no container is taken, but those on record go on. */
  readonly configuration: Pick<Configuration, 'settings' | 'refusal' | 'listen' | 'status'>;
  readonly hostname: string;
  readonly log: Log;
  /** undefined: no session survives the process, and no line. */
  readonly records: SessionRecords | undefined;
  /** The process before this one did. */
  readonly endedInOrder: boolean;
  /** undefined: all sessions are this driver's. */
  readonly part?: DriverPart;
}

/** Other drivers in the same process have the other sessions. */
export interface DriverPart {
  /** By the key of a session, or the path of what lies beside the records. */
  readonly isMine: (key: string) => boolean;
  readonly sharing: JournalSharing;
}

export class Driver implements LogDriver {
  /** How it presents itself to servers. */
  readonly link: LinkSettings;
  readonly connections: Connections;
  readonly #sessions = new Map<string, Opened>();
  readonly #report: Report;
  readonly #configuration: DriverSettings['configuration'];
  readonly #journals: Journals;
  readonly #opener: Opener;
  readonly #hostname: string;
  readonly #log: Log;
  readonly #suspect: Suspect | undefined;
  readonly #restoration: Restoration | undefined;
  readonly #endedInOrder: boolean;
  /** Changes of the configuration so far. */
  #changes = 0;

  constructor({ configuration, hostname, log, records, endedInOrder, part }: DriverSettings) {
    const options = limited(configuration);
    this.#configuration = configuration;
    this.#hostname = hostname;
    this.#report = new Report(hostname);
    this.#log = log;
    this.#endedInOrder = endedInOrder;
    this.#journals = new Journals(options, records?.state, log, part?.sharing);
    this.link = linkSettings(configuration, hostname, log);
    this.connections = new Connections(this.link, options['nats-window-size'], log);
    this.#opener = new Opener({ connections: this.connections, journals: this.#journals, records, report: this.#report, log });
    configuration.listen(() => void this.#reconfigure());
    if (records === undefined) return;
    const limit = options['nats-buffer-disk-size'];
    this.#suspect = new Suspect(nodeFileSystem, records.state);
    this.#restoration = new Restoration({
      records, log, journals: this.#journals, suspect: this.#suspect, isMine: part?.isMine,
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
    const { container, plan } = forUser(() => {
      if (this.#configuration.refusal !== undefined) throw this.#configuration.refusal;
      const given = readContainer(info);
      return { container: given, plan: planContainer(this.#configuration.settings, given, this.#hostname) };
    });
    const kept = toSession(plan);
    const session = forUser(() => this.#opener.open(file, kept, { fifo: file }, this.#forgetter(file)));
    this.#sessions.set(file, { session, container, plan: kept, missing: [], isRestored: false, startedAt: new Date() });
    for (const warning of [plan, ...plan.further].flatMap(({ resolved }) => resolved.warnings)) this.#log.warn(warning, { container: plan.facts.name });
    this.#opener.save({ ...toRecord(file, container, plan), isSeamless: this.#journals.isKillSafe, gaps: {}, seams: [] });
  }

  /** Goes on with the sessions of the process before this one. Requests may come meanwhile. */
  async restore(): Promise<void> {
    await this.#restoration?.run();
  }

  /** The process ends with a bug: the next one is told with which session. */
  blame(): void {
    const { inHand } = this.#opener;
    if (inHand !== undefined) this.#suspect?.accuse(sessionKey(inHand));
  }

  /** As it was, and then as the configuration will have it now. */
  #resume({ record, isOfThisBoot }: FoundRecord): void {
    const { file, plan, inherits, container: { omitted } } = record;
    const container = fromRecord(record);
    const { name, id } = plan.facts;
    const session = this.#reopen(record, isOfThisBoot);
    this.#sessions.set(file, { session, container, plan, missing: inherits, isRestored: true, startedAt: new Date() });
    this.#opener.update(file, name, { isSeamless: this.#journals.isKillSafe });
    this.#replan(file);
    this.#log.debug('session restored', { container: name, container_id: id.slice(0, 12) });
    if (omitted.length === 0) return;
    this.#log.error('the container was started with secrets as log-opts, which are not kept: it publishes without them until it is started again', {
      container: name, options: omitted.join(','),
    });
  }

  /** Without its FIFO when that is gone: what the journal kept is still to be delivered. Nothing is delivered yet. */
  #reopen({ file, plan, gaps, seams, isSeamless, leaving = [] }: SessionRecord, isOfThisBoot: boolean): Session {
    // A power failure takes what the disk had not got.
    const mayHaveLost = !isSeamless || (!isOfThisBoot && this.#configuration.settings.options['nats-buffer-sync'] !== 'always');
    const opening = { gaps, leaving, seams, mayHaveLost, isAfterKill: !this.#endedInOrder, parked: [plan, ...plan.further].map(({ name }) => name) };
    const ended = this.#forgetter(file);
    try {
      if (isOfThisBoot) return this.#opener.open(file, plan, { ...opening, fifo: file, mayHaveSeam: !isSeamless }, ended);
    } catch (error) {
      if (!(error instanceof FifoError)) throw error;
      if (isShortage(error.cause)) throw error.cause;
    }
    return this.#opener.open(file, plan, opening, ended);
  }

  /** Made here, it keeps nothing else in memory: a function keeps all that the functions beside it use. */
  #forgetter(file: string): () => void {
    return () => void this.#sessions.delete(file);
  }

  /** All sessions, in slices between which requests are answered; a later change begins anew. */
  async #reconfigure(): Promise<void> {
    const change = ++this.#changes;
    this.#journals.limit(limited(this.#configuration));
    let end = performance.now() + SLICE_MS;
    for (const file of [...this.#sessions.keys()]) {
      if (performance.now() > end) {
        await setImmediate();
        end = performance.now() + SLICE_MS;
      }
      if (change !== this.#changes) return;
      this.#replan(file);
    }
  }

  /** A session goes on as the configuration will have it now; where that is not possible, as before. */
  #replan(file: string): void {
    const opened = this.#sessions.get(file);
    if (opened === undefined) return;
    const { session, container } = opened;
    const planned = this.#planAgain(opened);
    const { plan, missing } = planned === undefined ? this.#completed(opened) : { plan: toSession(planned), missing: [] };
    this.#sessions.set(file, { ...opened, plan, missing });
    session.change(this.#opener.ways(file, plan, missing), plan.overflow);
    // An output that is no more is on record as leaving before the plan forgets it: a kill finds it in one of them.
    if (planned !== undefined) this.#opener.update(file, plan.facts.name, toRecord(file, container, planned));
  }

  /** undefined: the configuration is refused, or does not fit the container. */
  #planAgain({ container, plan }: Opened): Plan | undefined {
    if (this.#configuration.refusal !== undefined) return undefined;
    try {
      return planContainer(this.#configuration.settings, container, this.#hostname);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      const { name } = plan.facts;
      this.#log.limited('error', `replan ${name}`, 'the configuration does not fit a running container: it goes on as before', { container: name, error: error.message });
      return undefined;
    }
  }

  /** As before, with the credentials of the plugin as far as they can be known. */
  #completed({ plan, missing }: Opened): { plan: SessionPlan; missing: readonly string[] } {
    if (missing.length === 0) return { plan, missing };
    try {
      if (this.#configuration.refusal !== undefined) throw this.#configuration.refusal;
      const further = missing.filter((output) => output !== MAIN_OUTPUT);
      return missing.includes(MAIN_OUTPUT) ? { plan: withCredentials(plan, this.#configuration.settings), missing: further } : { plan, missing };
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      this.#log.limited('error', 'parked', 'lines wait on disk: the configuration with the credentials of their sessions is refused', {
        container: plan.facts.name, error: error.message,
      });
      return { plan, missing };
    }
  }

  async stopLogging(file: string): Promise<void> {
    const asked = performance.now();
    this.#restoration?.hasten(file);
    await this.#sessions.get(file)?.session.stop(AbortSignal.timeout(STOP_MS));
    this.#report.stopLatency.observe((performance.now() - asked) / 1000);
  }

  /** Makes room for the drivers that share it. */
  giveWay(): void {
    this.#journals.giveWay();
  }

  /** Delivers what was read, for at most `ms`, then lets go of everything. */
  async close(ms: number): Promise<void> {
    this.#restoration?.stop();
    // Sessions that end do not move.
    this.#changes++;
    const signal = AbortSignal.timeout(ms);
    await Promise.all([...this.#sessions.values()].map(({ session }) => session.shutDown(signal)));
    this.connections.closeAll();
  }

  /** Shows the lines of a session, named by its id in the status, as they come; undefined: there is none of that name. */
  tail(id: string, viewer: Viewer): StopViewing | undefined {
    const found = [...this.#sessions].find(([file]) => sessionKey(file) === id);
    if (found === undefined) return undefined;
    const [, { session }] = found;
    const excerpt = new Excerpt(viewer);
    const stop = session.tail(excerpt);
    return () => {
      excerpt.close();
      stop();
    };
  }

  status(): DriverStatus {
    return this.#report.status({
      configuration: this.#configuration.status(),
      sessions: [...this.#sessions].map(([file, opened]) => sessionStatus(sessionKey(file), opened)),
      connections: this.connections.status(),
      connection_totals: { ...this.connections.totals },
      journal: this.#journals.status(),
      events: this.#log.events.recent,
    });
  }
}

/** A limit that is not known must not cost lines. */
function limited({ settings: { options }, refusal }: DriverSettings['configuration']): Options {
  return refusal === undefined ? options : { ...options, 'nats-buffer-disk-size': Number.MAX_SAFE_INTEGER };
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
