/**
 * Makes journals safe from a power failure step by step, while the event loop goes on. A step is a file or a folder that
 * the system is asked to keep: it takes milliseconds, on a busy disk many of them.
 */
import type { FileSystem, SyncTarget } from './file-system.ts';

/** Threads of libuv that wait for a disk; it has four for everything. */
const MAX_AT_A_TIME = 2;

/** Whose work is done in steps. A step that fails is thrown into it. */
export interface Syncable {
  makeSafe(): Generator<SyncTarget, void>;
}

/** Does the steps of all journals, few at a time. */
export class SyncQueue {
  readonly #fs: FileSystem;
  readonly #waiting = new Set<Syncable>();
  readonly #running = new Set<Syncable>();

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  /** Once more if that is due already. */
  add(member: Syncable): void {
    this.#waiting.add(member);
    this.#next();
  }

  #next(): void {
    for (const member of this.#waiting) {
      if (this.#running.size >= MAX_AT_A_TIME) return;
      if (this.#running.has(member)) continue;
      this.#waiting.delete(member);
      this.#running.add(member);
      const steps = member.makeSafe();
      this.#go(member, steps, steps.next());
    }
  }

  #go(member: Syncable, steps: Generator<SyncTarget, void>, { done, value }: IteratorResult<SyncTarget, void>): void {
    if (done !== true) {
      this.#fs.syncLater(value as SyncTarget, (error) => this.#go(member, steps, error === undefined ? steps.next() : steps.throw(error)));
      return;
    }
    this.#running.delete(member);
    this.#next();
  }
}
