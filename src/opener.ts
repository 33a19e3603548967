/** Opens sessions: gives them their journals, their ways to NATS and their accounts, and keeps their records. */
import { isDeepStrictEqual } from 'node:util';
import { Account } from './core/account.ts';
import type { Log } from './core/log.ts';
import { MAIN_OUTPUT, type LeavingOutput, type OutputPlan, type SessionPlan } from './core/plan.ts';
import type { Cut, Gap, Transport, TransportListener } from './core/types.ts';
import type { Way } from './way.ts';
import { Fifo, removeFifo } from './docker/fifo.ts';
import { formatters } from './formatters/registry.ts';
import { sessionKey, type SessionRecord, type SessionRecords } from './journal/session-records.ts';
import type { Journals } from './journals.ts';
import type { Connections } from './nats/connections.ts';
import type { Report } from './report.ts';
import { Session } from './session.ts';
import { HeldBytes } from './stages/reassemble.ts';
import { parked } from './transports/parked.ts';
import { transports } from './transports/registry.ts';

/** For lines that the engine split, of all sessions together. */
const HELD_LINE_BYTES = 16 * 1024 * 1024;

export interface OpenerSettings {
  readonly connections: Connections;
  readonly journals: Journals;
  /** undefined: no session survives the process. */
  readonly records: SessionRecords | undefined;
  readonly report: Report;
  readonly log: Log;
}

/** What is particular about a session. See SessionSettings. */
export interface Opening {
  /** The path again; undefined: the FIFO is gone. */
  readonly fifo?: string;
  readonly gaps?: Readonly<Record<string, readonly (Gap | Cut)[]>>;
  readonly leaving?: readonly LeavingOutput[];
  readonly seams?: readonly number[];
  readonly mayHaveSeam?: boolean;
  readonly isAfterKill?: boolean;
  readonly mayHaveLost?: boolean;
  /** Outputs that cannot deliver yet. */
  readonly parked?: readonly string[];
}

export class Opener {
  readonly #settings: OpenerSettings;
  readonly #held = new HeldBytes(HELD_LINE_BYTES);
  /** The FIFO of the session whose lines are being handled. */
  inHand: string | undefined;

  constructor(settings: OpenerSettings) {
    this.#settings = settings;
  }

  /** Throws FifoError. `ended`: nothing is left to do for it in this process. */
  open(file: string, plan: SessionPlan, opening: Opening, ended: () => void): Session {
    const { fifo, gaps = {}, leaving = [], seams = [], mayHaveSeam = false, mayHaveLost = false, isAfterKill = false, parked: waiting = [] } = opening;
    const { journals, log, report } = this.#settings;
    const { facts, subject } = plan;
    const fields = { session: sessionKey(file), container: facts.name, container_id: facts.id.slice(0, 12), subject };
    const accounts = new Map<string, Account>();
    const tell = (output: string, account: Account, unconfirmed = 0): void => {
      // The counts of a loss are logged once a minute at most: these are the final ones.
      const names = output === MAIN_OUTPUT ? fields : { ...fields, output };
      // Those are in the journal, for the next process.
      const kept = unconfirmed === 0 ? {} : { unconfirmed_bytes: unconfirmed };
      log.event('session-ended', account.hasLosses ? 'warn' : 'debug', 'session ended', { ...names, ...account.summary(), ...kept });
    };
    const saved = new Map(Object.entries(gaps));
    const session = new Session({
      openFifo: fifo === undefined ? undefined : (readable) => new Fifo(fifo, readable),
      ways: this.ways(file, plan, waiting),
      overflow: plan.overflow,
      openJournal: (owner) => journals.open(file, owner),
      mayHaveSeam,
      mayHaveLost,
      isAfterKill,
      gaps,
      saveGaps: (output, changed) => {
        saved.set(output, changed);
        this.update(file, facts.name, { gaps: Object.fromEntries(saved) });
      },
      seams,
      saveSeams: (changed) => this.update(file, facts.name, { seams: changed }),
      held: this.#held,
      leaving,
      saveLeaving: (changed) => this.update(file, facts.name, { leaving: changed }),
      openAccount: (name, transport) => {
        const account = new Account(log, facts.name, report.books[transport], undefined, name);
        accounts.set(name, account);
        return account;
      },
      removed: (account, output) => {
        accounts.delete(output);
        tell(output, account);
      },
      ended: (isOver, isKept) => {
        ended();
        report.sessionsEnded++;
        if (isOver) this.#forget(file);
        // Otherwise the last frame may have been cut off, and its rest is still in the FIFO.
        else if (isKept && !journals.isKillSafe) this.update(file, facts.name, { isSeamless: true });
        const unconfirmed = new Map(session.status().outputs.map(({ name, unconfirmed_bytes: bytes }) => [name, bytes]));
        for (const [output, account] of accounts) tell(output, account, unconfirmed.get(output));
      },
    });
    report.sessionsStarted++;
    log.event('session-started', 'debug', 'session started', fields);
    return session;
  }

  /** The main output's first. `waiting`: those that cannot deliver yet. */
  ways(file: string, plan: SessionPlan, waiting: readonly string[]): readonly Way[] {
    return [plan, ...plan.further].map((output): Way => {
      const isParked = waiting.includes(output.name);
      return {
        plan: output,
        isParked,
        formatter: formatters[output.format](output.facts),
        books: this.#settings.report.books[output.transport],
        openTransport: (listener, epoch) => isParked ? parked : this.#openTransport(file, output, listener, epoch),
      };
    });
  }

  save(record: SessionRecord): void {
    this.#attempt(record.plan.facts.name, (records) => records.save(record));
  }

  update(file: string, container: string, change: Partial<SessionRecord>): void {
    this.#attempt(container, (records) => {
      const record = records.load(sessionKey(file))?.record;
      const changed = record === undefined ? undefined : { ...record, ...change };
      if (changed !== undefined && !isDeepStrictEqual(changed, record)) records.save(changed);
    });
  }

  #openTransport(file: string, output: OutputPlan, listener: TransportListener, epoch: number): Transport {
    const handle = (action: () => void): void => {
      this.inHand = file;
      action();
      this.inHand = undefined;
    };
    // A stream must not take the lines of one output for those of another.
    const name = output.name === MAIN_OUTPUT ? sessionKey(file) : `${sessionKey(file)}-${output.name}`;
    return transports[output.transport](this.#settings.connections, output, { name, epoch }, {
      ready: () => handle(() => listener.ready()),
      confirmed: (watermark, tally, refused) => handle(() => listener.confirmed(watermark, tally, refused)),
      lost: () => handle(() => listener.lost()),
      gaveUp: () => handle(() => listener.gaveUp()),
    });
  }

  #forget(file: string): void {
    this.#settings.records?.remove(file);
    try {
      removeFifo(file);
    } catch (error) {
      this.#settings.log.limited('warn', 'remove fifo', 'a log FIFO that is done with cannot be removed', {
        file, error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** A disk that is full costs the session its survival, not the container its start. */
  #attempt(container: string, save: (records: SessionRecords) => void): void {
    const { records, log } = this.#settings;
    try {
      if (records !== undefined) save(records);
    } catch (error) {
      log.limited('warn', 'save session', 'a session cannot be saved: it will not survive a restart of the driver', {
        container, error: error instanceof Error ? error.message : String(error),
      });
    }
  }
}
