/**
 * Goes on with the sessions of the process before this one: the engine does not start them again. First come those
 * whose containers wait for a reader. It is done in slices between which requests are answered.
 *
 * Whatever lies in the state folder, the process lives: what cannot be believed goes into quarantine with the lines of
 * its session, and so does what earlier processes died of.
 */
import { lstatSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Log } from './core/log.ts';
import { isShortage, systemCode } from './journal/file-system.ts';
import type { Quarantine } from './journal/quarantine.ts';
import { RecordError, sessionKey, type FoundRecord, type SessionRecords } from './journal/session-records.ts';
import type { Suspect } from './journal/suspect.ts';
import type { Journals } from './journals.ts';

/** Work of one turn of the event loop. */
const SLICE_MS = 10;
/** After so many deaths in a row the session goes on without the lines that were kept, after twice as many it is given up. */
const MAX_DEATHS = 3;
/** After a shortage, e.g. of descriptors. */
const RETRY_MS = 5000;

export interface RestorationSettings {
  readonly records: SessionRecords;
  readonly journals: Journals;
  readonly quarantine: Quarantine;
  readonly suspect: Suspect;
  readonly log: Log;
  /** Whether a session is this thread's; undefined: all are. */
  readonly isMine?: ((key: string) => boolean) | undefined;
  /** Opens the session. */
  readonly resume: (found: FoundRecord) => void;
}

export class Restoration {
  readonly #settings: RestorationSettings;
  /** Keys of the sessions that are still to be restored. */
  readonly #waiting: Set<string>;
  #restored = 0;
  #sliceEnd = 0;
  #retry: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(settings: RestorationSettings) {
    this.#settings = settings;
    const { isMine = () => true } = settings;
    const { keys, strays } = settings.records.list();
    this.#waiting = new Set(keys.filter(isMine));
    for (const path of strays.filter(isMine)) this.#putAway(path, 'a file in the state folder is none of the driver');
    const orphans = settings.journals.keys().filter((key) => isMine(key) && !this.#waiting.has(key));
    for (const key of orphans) this.#putAway(settings.journals.find(key), 'lines cannot be delivered: nothing is known of their session');
  }

  /** A request concerns the session with this FIFO: if it is still to be restored, its turn is now. */
  hasten(file: string): void {
    const key = sessionKey(file);
    if (this.#waiting.has(key)) this.#restore(key, () => true);
  }

  /** Resolves when no session waits, but for those that the machine has no room for now. */
  async run(): Promise<void> {
    const began = performance.now();
    const count = this.#waiting.size;
    await this.#pass(isAlive);
    await this.#pass(() => true);
    this.#settings.suspect.acquit();
    if (this.#isStopped || count === 0) return;
    this.#settings.log.event('sessions-restored', 'info', 'sessions restored', { sessions: this.#restored, waiting: this.#waiting.size, ms: Math.round(performance.now() - began) });
    if (this.#waiting.size > 0) this.#retry = setTimeout(() => void this.run(), RETRY_MS).unref();
  }

  /** The rest is left to the next process. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting.clear();
    clearTimeout(this.#retry);
  }

  async #pass(isDue: (found: FoundRecord) => boolean): Promise<void> {
    for (const key of [...this.#waiting]) {
      if (performance.now() > this.#sliceEnd) {
        // A kill while others have their turn says nothing of the session that was restored before.
        this.#settings.suspect.acquit();
        await setImmediate();
        this.#sliceEnd = performance.now() + SLICE_MS;
      }
      // A request may have been faster.
      if (this.#waiting.has(key)) this.#restore(key, isDue);
    }
  }

  #restore(key: string, isDue: (found: FoundRecord) => boolean): void {
    const { records, journals, suspect, log } = this.#settings;
    const deaths = suspect.accuse(key);
    try {
      if (deaths >= 2 * MAX_DEATHS) throw new RecordError(`${deaths} processes in a row ended with it`);
      if (deaths === MAX_DEATHS) this.#putAway(journals.find(key), `lines are left out: ${deaths} processes in a row ended with them`);
      const found = records.load(key);
      if (found !== undefined && !isDue(found)) return;
      if (found !== undefined) this.#settings.resume(found);
      this.#waiting.delete(key);
      this.#restored++;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (isShortage(error)) return log.limited('error', 'shortage', 'a session cannot be restored now, it is tried again', { error: reason });
      this.#waiting.delete(key);
      this.#giveUp(key, error instanceof RecordError || systemCode(error) !== undefined ? reason : String((error as Error).stack));
    }
  }

  /** The record first: a crash in between leaves lines without a session, which come next. */
  #giveUp(key: string, reason: string): void {
    const { records, journals } = this.#settings;
    this.#putAway(records.path(key), `a session cannot be restored: ${reason}`);
    this.#putAway(journals.find(key), 'lines cannot be delivered: their session cannot be restored');
  }

  #putAway(path: string | undefined, what: string): void {
    if (path === undefined) return;
    const { quarantine, log } = this.#settings;
    try {
      const isKept = quarantine.take(path);
      log.error(`${what}; ${isKept ? 'moved into quarantine' : 'removed, being too large to keep'}`, { path });
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      log.error(`${what}; it cannot be moved into quarantine`, { path, error: (error as Error).message });
    }
  }
}

/** Somebody may write to its FIFO. */
function isAlive({ record, isOfThisBoot }: FoundRecord): boolean {
  return isOfThisBoot && lstatSync(record.file, { throwIfNoEntry: false })?.isFIFO() === true;
}
