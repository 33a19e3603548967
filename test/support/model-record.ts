/** The record of a session, in a file system that fails and forgets: a new file takes the place of the old one. */
import type { Cut, Gap } from '../../src/core/types.ts';
import type { SyncPolicy } from '../../src/journal/disk.ts';
import { systemCode } from '../../src/journal/file-system.ts';
import type { CrashFileSystem } from './crash-file-system.ts';

const FOLDER = '/sessions';
const PATH = `${FOLDER}/web`;
const UNFINISHED = `${FOLDER}/new`;

/** Of what a record of a session holds. */
export interface KeptRecord {
  readonly gaps: readonly (Gap | Cut)[];
  readonly seams: readonly number[];
}

export class ModelRecord {
  /** What the disk has is the latest. */
  isSaved = true;
  /** So would it be after a power failure. */
  isSafe = true;
  readonly #fs: CrashFileSystem;
  readonly #sync: SyncPolicy;
  #latest: KeptRecord = { gaps: [], seams: [] };

  constructor(fs: CrashFileSystem, sync: SyncPolicy) {
    this.#fs = fs;
    this.#sync = sync;
    fs.makeFolder(FOLDER);
  }

  /** What the disk has. */
  load(): KeptRecord {
    const bytes = this.#fs.peek(PATH);
    return this.#latest = bytes === undefined ? { gaps: [], seams: [] } : JSON.parse(bytes.toString()) as KeptRecord;
  }

  update(change: Partial<KeptRecord>): void {
    this.#latest = { ...this.#latest, ...change };
    this.isSafe = false;
    try {
      this.#save(this.#latest);
      this.isSaved = true;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      this.isSaved = false;
    }
  }

  #save(record: KeptRecord): void {
    const bytes = Buffer.from(JSON.stringify(record));
    const fd = this.#fs.open(UNFINISHED, 'create');
    for (let at = 0; at < bytes.length;) at += this.#fs.write(fd, bytes, at, bytes.length - at, at);
    // Otherwise a power failure may leave it torn; it goes into quarantine then, and the lines with it.
    this.#fs.sync(fd);
    this.#fs.close(fd);
    this.#fs.rename(UNFINISHED, PATH);
    if (this.#sync === 'always') this.#fs.syncFolder(FOLDER);
    this.isSafe = this.#sync === 'always';
    if (this.#sync === 'interval') this.#fs.syncLater({ path: FOLDER, isFolder: true }, (error) => this.isSafe ||= error === undefined && record === this.#latest);
  }
}
