/** What Linux can do with pipes and Node cannot. */
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { addressOf, systemCalls } from './system-calls.ts';

/** fcntl(2), ioctl_tty(2), splice(2): linux/fcntl.h, asm-generic/ioctls.h, bits/fcntl-linux.h; equal on x64 and arm64. */
const F_SETPIPE_SZ = 1031;
const FIONREAD = 0x541bn;
const SPLICE_F_NONBLOCK = 2;
const NULL = 0n;

/** Default capacity of a pipe, pipe(7). */
const PIPE_BYTES = 64 * 1024;
/** As much as was in a full pipe: its pages are rarely filled to the last byte, since a frame does not go over into the next one. */
export const FULL_BYTES = PIPE_BYTES / 2;

/** Results of the calls; used within one of them. */
const position = new BigInt64Array(1);
const positionAt = addressOf(position);
const count = new Int32Array(1);
const countAt = addressOf(count);

/** Moves up to `size` bytes from a pipe into a file: how many, 0 at the end. undefined: nothing came, or it cannot be done. */
export function splice(from: number, to: number, at: number, size: number): number | undefined {
  if (systemCalls === undefined) return undefined;
  position[0] = BigInt(at);
  const moved = Number(systemCalls.splice(from, NULL, to, positionAt, BigInt(size), SPLICE_F_NONBLOCK));
  return moved < 0 ? undefined : moved;
}

/** Bytes in a pipe; 0 where that cannot be known. */
export function bytesIn(pipe: number): number {
  return systemCalls?.ioctl(pipe, FIONREAD, countAt) === 0 ? count[0] ?? 0 : 0;
}

/** Makes a pipe hold more. The system may refuse: then it holds what it held. */
export function enlarge(pipe: number, bytes: number): void {
  systemCalls?.fcntl(pipe, F_SETPIPE_SZ, bytes);
}

/** Tries whether bytes can be moved from a pipe into files of the folder. Throws the system's error when no file can be made there. */
export function canSplice(folder: string): boolean {
  const fds = new Int32Array(2);
  if (systemCalls?.pipe(addressOf(fds)) !== 0) return false;
  const [output = -1, input = -1] = fds;
  const path = join(folder, `splice-test-${threadId}`);
  try {
    const file = openSync(path, 'w', 0o600);
    try {
      writeSync(input, 'x');
      return splice(output, file, 0, 1) === 1;
    } finally {
      closeSync(file);
      unlinkSync(path);
    }
  } finally {
    closeSync(output);
    closeSync(input);
  }
}
