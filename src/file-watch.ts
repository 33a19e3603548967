/**
 * Tells when a file has become another one: written anew, replaced, or reached by another link. Looks at it twice a second
 * and follows links, since notifications of the kernel come neither from other machines' disks nor across mounts, and a host
 * with many containers runs out of them. A file that is being written is waited for: it must be the same at two looks.
 */
import { statSync, type BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

const LOOK_MS = 500;
const NOTHING = 'nothing';

export class FileWatch {
  readonly #paths: readonly string[];
  readonly #changed: () => void;
  readonly #timer: NodeJS.Timeout;
  /** What was told last, and what was seen last. */
  #told: string;
  #seen: string;
  #isLooking = false;

  /** What is there now counts as known. `changed`: one of the files has come, gone, or changed. */
  constructor(paths: readonly string[], changed: () => void) {
    this.#paths = paths;
    this.#changed = changed;
    this.#told = this.#seen = paths.map(signatureNow).join();
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** A disk that hangs is waited for, and holds up nothing else. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const now = (await Promise.all(this.#paths.map(signature))).join();
    this.#isLooking = false;
    const isSettled = now === this.#seen;
    this.#seen = now;
    if (!isSettled || now === this.#told) return;
    this.#told = now;
    this.#changed();
  }
}

function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

/** Why it cannot be looked at is told when it is read. */
async function signature(path: string): Promise<string> {
  return await stat(path, { bigint: true }).then(signatureOf, () => NOTHING);
}

function signatureNow(path: string): string {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? NOTHING : signatureOf(found);
  } catch {
    return NOTHING;
  }
}
