/**
 * The sessions that live, on disk, one file each: the engine never repeats StartLogging when the plugin comes back,
 * and a FIFO that nobody reads blocks its container. Source: moby daemon/logger/plugin_unix.go.
 *
 * A record holds no secret and no more of the environment than the messages show. It lives until the last line of the
 * session is confirmed: as long as the journal, whose lines it tells where to go.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerFacts, Gap, SessionPlan } from '../core/types.ts';

const VERSION = 1;
const SUFFIX = '.json';

export interface SessionRecord {
  /** Path of the FIFO. */
  readonly file: string;
  readonly plan: SessionPlan;
  /** Names of the log-opts whose secrets were left out of the plan. */
  readonly omitted: readonly string[];
  /** The plugin's own credentials were used: they are put in again. */
  readonly inherits: boolean;
  /** All that the process took from the FIFO is in the journal: it ended in order, or it reads in a way that a kill cannot harm. */
  readonly isSeamless: boolean;
  /** Lines that were given up and of which the stream of messages does not know yet. */
  readonly gaps: readonly Gap[];
}

/** A name for what is kept of the session of this FIFO. */
export function sessionKey(file: string): string {
  return createHash('sha256').update(file).digest('hex').slice(0, 32);
}

export interface FoundRecord {
  readonly record: SessionRecord;
  /** False: the machine was restarted since, and the FIFO with it. */
  readonly isOfThisBoot: boolean;
}

/** JSON has no maps. */
interface StoredRecord {
  readonly version: number;
  readonly bootId: string;
  readonly record: SessionRecord;
  readonly attributes: readonly (readonly [string, string])[];
}

export class SessionRecords {
  /** The folder for what survives the process. */
  readonly state: string;
  readonly #dir: string;
  readonly #bootId: string;

  /** Throws the system's error when the folder cannot be made. Only root may look into it. */
  constructor(dir: string, bootId: string = readBootId()) {
    this.state = dir;
    this.#dir = join(dir, 'sessions');
    this.#bootId = bootId;
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    chmodSync(this.#dir, 0o700);
  }

  /** Throws the system's error. */
  save(record: SessionRecord): void {
    const stored: StoredRecord = { version: VERSION, bootId: this.#bootId, record, attributes: [...record.plan.facts.attributes] };
    const path = this.#path(record.file);
    writeFileSync(`${path}.new`, JSON.stringify(stored), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  find(file: string): SessionRecord | undefined {
    return this.#read(this.#path(file))?.record;
  }

  remove(file: string): void {
    rmSync(this.#path(file), { force: true });
  }

  /** What was saved. Whatever else is in the folder is of no use and removed. */
  load(): readonly FoundRecord[] {
    return readdirSync(this.#dir).flatMap((name) => {
      const path = join(this.#dir, name);
      const found = this.#read(path);
      if (found !== undefined && this.#path(found.record.file) === path) return [found];
      rmSync(path, { force: true, recursive: true });
      return [];
    });
  }

  /** undefined: half-written, or of another version. */
  #read(path: string): FoundRecord | undefined {
    try {
      const { version, bootId, record, attributes } = JSON.parse(readFileSync(path, 'utf8')) as StoredRecord;
      if (version !== VERSION) return undefined;
      const facts: ContainerFacts = { ...record.plan.facts, attributes: new Map(attributes) };
      return { record: { ...record, plan: { ...record.plan, facts } }, isOfThisBoot: bootId === this.#bootId };
    } catch {
      return undefined;
    }
  }

  #path(file: string): string {
    return join(this.#dir, sessionKey(file) + SUFFIX);
  }
}

function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
