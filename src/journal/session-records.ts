/**
 * The sessions that live, on disk, one file each: the engine never repeats StartLogging when the plugin comes back,
 * and a FIFO that nobody reads blocks its container. Source: moby daemon/logger/plugin_unix.go.
 *
 * A record holds no secret and no more of the environment than the messages show. It lives until the last line of the
 * session is confirmed: as long as the journal, whose lines it tells where to go.
 */
import { hash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { LeavingOutput, OutputPlan, SessionPlan } from '../core/plan.ts';
import type { Cut, Gap } from '../core/types.ts';
import type { SyncPolicy } from './disk.ts';
import { nodeFileSystem, systemCode } from './file-system.ts';

const VERSION = 3;
const NAME = /^([0-9a-f]{32})\.json$/u;
/** Of a record that is being written. */
const UNFINISHED = '.new';
/** Twice what a request of the engine may have. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** What a session can be planned from once more. */
export interface KeptContainer {
  /** The engine's own, without secrets, and without variables and commands that the messages do not show. */
  readonly info: Readonly<Record<string, unknown>>;
  /** Names of the log-opts that were left out, or cut, because of their secrets. */
  readonly omitted: readonly string[];
  /** Texts of the templates in use. */
  readonly rendered: ReadonlyMap<string, string>;
}

export interface SessionRecord {
  /** Path of the FIFO. */
  readonly file: string;
  readonly container: KeptContainer;
  /** Without credentials. */
  readonly plan: SessionPlan;
  /** Outputs that used credentials of the plugin: they are put in again. */
  readonly inherits: readonly string[];
  /** All that the process took from the FIFO is in the journal: it ended in order, or it reads in a way that a kill cannot harm. */
  readonly isSeamless: boolean;
  /** By output: lines that are missing and of which the stream of messages does not know yet. */
  readonly gaps: Readonly<Record<string, readonly (Gap | Cut)[]>>;
  /** Offsets in the journal: what lies behind does not follow what lies before. */
  readonly seams: readonly number[];
  /** Outputs that were not done yet when they were taken out of the configuration; undefined: none. */
  readonly leaving?: readonly LeavingOutput[];
}

/** A name for what is kept of the session of this FIFO. */
export function sessionKey(file: string): string {
  return hash('sha256', file).slice(0, 32);
}

export interface FoundRecord {
  readonly record: SessionRecord;
  /** False: the machine was restarted since, and the FIFO with it. */
  readonly isOfThisBoot: boolean;
}

/** Says in words that follow "a session cannot be restored:" why. */
export class RecordError extends Error {}

/** JSON has no maps: they are lists of pairs. */
interface StoredRecord {
  readonly version: number;
  readonly bootId: string;
  readonly record: SessionRecord;
}

export class SessionRecords {
  /** The folder for what survives the process. */
  readonly state: string;
  readonly #dir: string;
  readonly #bootId: string;

  readonly #sync: SyncPolicy;

  /** Throws the system's error when the folder cannot be made. Only root may look into it. `sync`: as for the lines. */
  constructor(dir: string, sync: SyncPolicy, bootId: string = readBootId()) {
    this.state = dir;
    this.#sync = sync;
    this.#dir = join(dir, 'sessions');
    this.#bootId = bootId;
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    chmodSync(this.#dir, 0o700);
  }

  /** Throws the system's error. */
  save(record: SessionRecord): void {
    const stored: StoredRecord = { version: VERSION, bootId: this.#bootId, record };
    const path = this.path(sessionKey(record.file));
    const isSafe = this.#sync === 'always';
    writeFileSync(path + UNFINISHED, JSON.stringify(stored, (_key, value: unknown) => value instanceof Map ? [...value] : value), { mode: 0o600, flush: isSafe });
    renameSync(path + UNFINISHED, path);
    if (isSafe) nodeFileSystem.syncFolder(this.#dir);
    else if (this.#sync === 'interval') void this.#syncLater(path);
  }

  /** A record that is gone again, or a disk that fails, is no news: the lines of the session tell of it. */
  async #syncLater(path: string): Promise<void> {
    for (const each of [path, this.#dir]) {
      try {
        await using handle = await open(each);
        await handle.sync();
      } catch (error) {
        if (systemCode(error) === undefined) throw error;
      }
    }
  }

  remove(file: string): void {
    rmSync(this.path(sessionKey(file)), { force: true });
  }

  /** What is in the folder: the keys of sessions, and paths of what no process of this driver put there. */
  list(): { keys: readonly string[]; strays: readonly string[] } {
    const names = readdirSync(this.#dir);
    const others = names.filter((name) => !NAME.test(name)).map((name) => join(this.#dir, name));
    const [unfinished, strays] = [others.filter((path) => path.endsWith(UNFINISHED)), others.filter((path) => !path.endsWith(UNFINISHED))];
    for (const path of unfinished) rmSync(path, { recursive: true, force: true });
    return { keys: names.flatMap((name) => NAME.exec(name)?.[1] ?? []), strays };
  }

  /** undefined: it is gone. Throws RecordError when the record cannot be believed, or the system's error when it cannot be read. */
  load(key: string): FoundRecord | undefined {
    const text = this.#read(this.path(key));
    if (text === undefined) return undefined;
    const { bootId, record } = parse(text);
    if (sessionKey(record.file) !== key) throw new RecordError('it is that of another session');
    const { container, plan } = record;
    return {
      record: {
        ...record,
        // An earlier version of the driver kept none.
        seams: record.seams ?? [],
        container: { ...container, rendered: new Map(container.rendered) },
        plan: { ...withMap(plan), further: plan.further.map(withMap) },
      },
      isOfThisBoot: bootId === this.#bootId,
    };
  }

  path(key: string): string {
    return join(this.#dir, `${key}.json`);
  }

  /** Whatever lies there: a FIFO is not waited for. */
  #read(path: string): string | undefined {
    try {
      const fd = nodeFileSystem.open(path, 'read');
      try {
        const size = nodeFileSystem.size(fd);
        if (size === undefined || size > MAX_RECORD_BYTES) throw new RecordError(size === undefined ? 'it is no file' : `it has ${size} bytes`);
        return readFileSync(fd, 'utf8');
      } finally {
        nodeFileSystem.close(fd);
      }
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT') return undefined;
      if (code === 'ELOOP' || code === 'ENXIO') throw new RecordError('it is no file', { cause: error });
      throw error;
    }
  }
}

/** Throws RecordError. */
function parse(text: string): StoredRecord {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (error) {
    // The parser's words quote the record.
    if (error instanceof SyntaxError) throw new RecordError('it is no JSON');
    throw error;
  }
  if (isObject(stored) && stored['version'] !== VERSION) throw new RecordError('it is of another version of the driver');
  if (!isStored(stored)) throw new RecordError('it is no record of a session');
  return stored;
}

function withMap<T extends OutputPlan>(plan: T): T {
  return { ...plan, facts: { ...plan.facts, attributes: new Map(plan.facts.attributes) } };
}

/** What the rest of the driver relies on. */
function isStored(value: unknown): value is StoredRecord {
  if (!isObject(value) || !isObject(value['record'])) return false;
  const { bootId, record: { file, container, plan, inherits, gaps, seams = [], leaving } } = value as { bootId: unknown; record: Record<string, unknown> };
  return areTexts([bootId, file]) && areListed(inherits, (output) => areTexts([output])) && isContainer(container)
    && (leaving === undefined || areListed(leaving, isLeaving)) && areListed(seams, (seam) => typeof seam === 'number') && isObject(gaps) && Object.values(gaps).every((list) => areListed(list, isObject))
    && isObject(plan) && isObject(plan['overflow']) && isOutput(plan) && areListed(plan['further'], isOutput);
}

function isLeaving(output: unknown): boolean {
  return isObject(output) && areTexts([output['name']]) && typeof output['end'] === 'number' && (output['transport'] === 'core' || output['transport'] === 'jetstream');
}

function isContainer(container: unknown): boolean {
  return isObject(container) && isObject(container['info']) && areListed(container['omitted'], (option) => areTexts([option])) && arePairs(container['rendered']);
}

function isOutput(plan: unknown): boolean {
  if (!isObject(plan) || !isObject(plan['facts']) || !isObject(plan['target'])) return false;
  const { id, name, imageId, imageName, hostname, tag, attributes } = plan['facts'];
  const { servers, maxReconnect, connectTimeoutMs, reconnectWaitMs, pingIntervalMs, inboxPrefix } = plan['target'];
  const isServer = (server: unknown): boolean => isObject(server) && areTexts([server['host']]) && typeof server['port'] === 'number';
  return areTexts([id, name, imageId, imageName, hostname, tag, plan['name'], plan['subject'], plan['format'], plan['transport'], inboxPrefix])
    && [maxReconnect, connectTimeoutMs, reconnectWaitMs, pingIntervalMs].every((value) => typeof value === 'number')
    && arePairs(attributes) && areListed(servers, isServer) && Array.isArray(servers) && servers.length > 0;
}

function arePairs(value: unknown): boolean {
  return areListed(value, (pair) => areListed(pair, (text) => areTexts([text])));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areTexts(values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'string');
}

function areListed(value: unknown, isOne: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
