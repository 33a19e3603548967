/** Opens the journals of the sessions: on disk, or in memory where the options or the disk will have it so. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from './core/log.ts';
import type { Options } from './core/options.generated.ts';
import type { JournalTotals } from './core/status.ts';
import type { Journal, JournalOwner } from './core/journal.ts';
import { canSplice } from './docker/pipe-calls.ts';
import { DiskBudget } from './journal/disk-budget.ts';
import { DiskJournal } from './journal/disk.ts';
import { systemCode } from './journal/file-system.ts';
import { MemoryBudget, MemoryJournal } from './journal/memory.ts';
import type { Sharing } from './journal/room.ts';
import { sessionKey } from './journal/session-records.ts';

/** With the other threads of the driver. */
export interface JournalSharing {
  readonly disk: Sharing;
  readonly memory: Sharing;
}

export class Journals {
  /** A byte that was taken from a FIFO is in a file already: a kill at any moment loses nothing. */
  readonly isKillSafe: boolean;
  readonly #memory: MemoryBudget;
  readonly #options: Options;
  readonly #log: Log;
  readonly #root: string | undefined;
  readonly #disk: DiskBudget | undefined;

  /** `state`: the folder for what survives the process; undefined: there is none. */
  constructor(options: Options, state: string | undefined, log: Log, sharing?: JournalSharing) {
    this.#options = options;
    this.#log = log;
    this.#memory = new MemoryBudget(options['nats-buffer-size'], sharing?.memory);
    const root = state === undefined ? undefined : join(state, 'journals');
    const isWanted = options['nats-buffer'] === 'disk';
    // What a process with other options left there is still to be delivered.
    this.#root = root !== undefined && (isWanted || existsSync(root)) ? root : undefined;
    this.#disk = this.#root === undefined ? undefined : this.#openDisk(this.#root, sharing?.disk);
    this.isKillSafe = isWanted && this.#root !== undefined && this.#disk !== undefined && isSpliced(this.#root, log);
  }

  /** All journals together have as much room from now on. What is over it is given up when the next lines come. */
  limit({ 'nats-buffer-size': memory, 'nats-buffer-disk-size': disk }: Pick<Options, 'nats-buffer-size' | 'nats-buffer-disk-size'>): void {
    this.#memory.limit = memory;
    if (this.#disk !== undefined) this.#disk.limit = disk;
  }

  open(file: string, owner: JournalOwner): Journal {
    const key = sessionKey(file);
    const isOnDisk = this.#options['nats-buffer'] === 'disk' || this.find(key) !== undefined;
    if (this.#disk === undefined || this.#root === undefined || !isOnDisk) return new MemoryJournal(this.#memory, owner);
    return new DiskJournal(this.#disk, { folder: join(this.#root, key), id: key, sync: this.#options['nats-buffer-sync'], owner });
  }

  status(): Pick<JournalTotals, 'disk' | 'memory'> {
    const memory = { bytes: this.#memory.used, limit_bytes: this.#memory.limit };
    if (this.#disk === undefined) return { memory };
    const { used, limit, available, isFailing } = this.#disk;
    return {
      disk: { bytes: used, limit_bytes: limit, ...(available === Number.POSITIVE_INFINITY ? {} : { available_bytes: available }), is_failing: isFailing },
      memory,
    };
  }

  /** Makes room for other threads. */
  giveWay(): void {
    this.#memory.giveWay();
    this.#disk?.giveWay();
  }

  /** The keys of the sessions that have a journal on disk. */
  keys(): readonly string[] {
    if (this.#root === undefined || this.#disk === undefined) return [];
    return readdirSync(this.#root).filter((name) => /^[0-9a-f]{32}$/.test(name));
  }

  /** Where the journal of a session lies, if there is one on disk. */
  find(key: string): string | undefined {
    const path = this.#root === undefined ? undefined : join(this.#root, key);
    return path !== undefined && existsSync(path) ? path : undefined;
  }

  #openDisk(root: string, sharing: Sharing | undefined): DiskBudget | undefined {
    try {
      mkdirSync(root, { recursive: true, mode: 0o700 });
    } catch (error) {
      this.#log.warn('lines cannot be kept on disk: they are kept in memory', { error: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
    return new DiskBudget({
      root, limit: this.#options['nats-buffer-disk-size'], memory: this.#memory, sharing,
      listener: {
        failed: (error) => this.#log.event('disk-failing', 'error', 'the disk does not take lines: they are kept in memory', { error: error.message }, 'disk'),
        healed: () => this.#log.event('disk-healed', 'info', 'the disk takes lines again'),
      },
    });
  }
}

/** A disk that does not even take a test file is told of when it does not take lines. */
function isSpliced(root: string, log: Log): boolean {
  try {
    if (canSplice(root)) return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
  log.warn('splice(2) cannot be used here: a kill may lose the lines that are just being read');
  return false;
}
