/**
 * Files with secrets, read again at every attempt to connect. They lie in the folders of `nats-secret-dirs`, wherever
 * links lead: a path may come from whoever may start a container, and this process may read every file of the host.
 */
import { readlinkSync, realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { FileFault, readSmallFile } from '../core/read-file.ts';
import { quotePath } from './option-error.ts';

const MAX_SECRET_BYTES = 64 * 1024;
/** All but reading and writing by the owner, and reading by its group. */
const WIDE_MODE = 0o037;

/** A managed plugin has a file system of its own. */
export const MOUNT_HINT = 'a managed plugin sees only the files below its mount, /srv';

export interface SecretText {
  readonly text: string;
  /** Others than the owner and its group may read or change the file: its mode, in octal. */
  readonly wideMode?: string;
}

/** Says in words that follow the option's name why its file is not taken; never holds a part of the content. */
export class SecretFault extends Error {}

/** The text of the file. Throws SecretFault. */
export function readSecretFile(path: string, dirs: readonly string[]): SecretText {
  const { bytes, mode } = readConfinedFile(path, dirs, MAX_SECRET_BYTES);
  return { text: bytes.toString(), ...((mode & WIDE_MODE) === 0 ? {} : { wideMode: mode.toString(8).padStart(4, '0') }) };
}

/** A file of at most `limitBytes` that lies in the folders, and its permissions. Throws SecretFault. */
export function readConfinedFile(path: string, dirs: readonly string[], limitBytes: number): { readonly bytes: Buffer; readonly mode: number } {
  const real = realPath(path);
  if (!dirs.some((dir) => isBelow(realPath(dir) ?? dir, real ?? resolve(path)))) {
    throw new SecretFault(`expected a file in a folder of nats-secret-dirs (${dirs.join(', ')}), ${quotePath(path)} leads elsewhere`);
  }
  let mode = 0;
  try {
    const bytes = readSmallFile(real ?? path, limitBytes, (descriptor, stats) => {
      // A folder on the way may have become a link meanwhile.
      if (readlinkSync(`/proc/self/fd/${descriptor}`) !== real) throw new FileFault('a path that changes');
      mode = stats.mode & 0o777;
    });
    if (bytes.length === 0) throw new FileFault('an empty file');
    return { bytes, mode };
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    throw new SecretFault(`expected a readable file, found ${error.message} at ${quotePath(path)}; ${MOUNT_HINT}`, { cause: error });
  }
}

/** undefined: it leads nowhere, or in a circle. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isBelow(dir: string, path: string): boolean {
  return path.startsWith(dir.endsWith(sep) ? dir : dir + sep);
}
