/**
 * Reads small files that a configuration names: whatever the path leads to, a FIFO, a device, ten gigabytes, the call
 * returns at once. Synchronous: it happens when the process or a container starts, and before a connection is dialled.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';

/** Why a file could not be read, in words that follow "expected a readable file, found". */
export class FileFault extends Error {}

/** The system's own texts would change the exit code of `docker run`. */
const FOUND: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'nothing'],
  ['ENOTDIR', 'nothing'],
  ['EACCES', 'a file that this process may not read'],
  ['EPERM', 'a file that this process may not read'],
  ['ELOOP', 'a circle of symbolic links'],
  ['ENAMETOOLONG', 'a name that is too long'],
  ['ENXIO', 'a socket'],
]);

function toFault(error: unknown): FileFault {
  if (error instanceof FileFault) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return new FileFault(FOUND.get(code) ?? `a file that cannot be read (${String(code)})`, { cause: error });
}

/** Looks at a regular file before it is read. Throws FileFault. */
export type Inspect = (descriptor: number, stats: Stats) => void;

function readBounded(descriptor: number, limitBytes: number, inspect: Inspect): Buffer {
  const stats = fstatSync(descriptor);
  if (!stats.isFile()) throw new FileFault('something that is no regular file');
  inspect(descriptor, stats);
  const buffer = Buffer.allocUnsafe(limitBytes + 1);
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
  }
  throw new FileFault(`more than ${limitBytes} bytes`);
}

/** The content of a regular file of at most `limitBytes`. Throws FileFault. */
export function readSmallFile(path: string, limitBytes: number, inspect: Inspect = () => undefined): Buffer {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      return readBounded(descriptor, limitBytes, inspect);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw toFault(error);
  }
}
