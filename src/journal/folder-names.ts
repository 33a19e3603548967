import type { FileSystem, SyncTarget } from './file-system.ts';

/** The names in a folder, and whether a power failure could take them. */
export class FolderNames {
  readonly path: string;
  readonly #fs: FileSystem;
  /** Changes so far, and how many of them are safe. */
  #changes = 0;
  #safe = 0;

  constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.path = path;
  }

  get isSafe(): boolean {
    return this.#safe === this.#changes;
  }

  changed(): void {
    this.#changes++;
  }

  /** Throws the system's error. */
  sync(): void {
    if (this.isSafe) return;
    this.#fs.syncFolder(this.path);
    this.#safe = this.#changes;
  }

  *makeSafe(): Generator<SyncTarget, void> {
    if (this.isSafe) return;
    const changes = this.#changes;
    yield { path: this.path, isFolder: true };
    this.#safe = Math.max(this.#safe, changes);
  }
}
