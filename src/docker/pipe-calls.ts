/**
 * Three system calls on pipes that Node has no functions for, through its experimental foreign function interface.
 * Where that is missing everything works without them, with one promise less: see `canSplice`.
 */
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** fcntl(2), ioctl_tty(2), splice(2): linux/fcntl.h, asm-generic/ioctls.h, bits/fcntl-linux.h; equal on x64 and arm64. */
const F_SETPIPE_SZ = 1031;
const FIONREAD = 0x541bn;
const SPLICE_F_NONBLOCK = 2;
const LIBRARIES = ['libc.so.6', 'libc.so'];

interface Functions {
  splice(from: number, fromOffset: null, to: number, toOffset: BigInt64Array, size: bigint, flags: number): bigint;
  fcntl(fd: number, command: number, value: number): number;
  ioctl(fd: number, request: bigint, result: Int32Array): number;
  pipe(fds: Int32Array): number;
}

interface Library {
  dlopen(name: string, signatures: Record<keyof Functions, { return: string; arguments: string[] }>): { functions: Functions };
}

const calls = load();
/** Results of the calls; used within one of them. */
const position = new BigInt64Array(1);
const count = new Int32Array(1);

/** Moves up to `size` bytes from a pipe into a file: how many, 0 at the end. undefined: nothing came, or it cannot be done. */
export function splice(from: number, to: number, at: number, size: number): number | undefined {
  if (calls === undefined) return undefined;
  position[0] = BigInt(at);
  const moved = Number(calls.splice(from, null, to, position, BigInt(size), SPLICE_F_NONBLOCK));
  return moved < 0 ? undefined : moved;
}

/** Bytes in a pipe; 0 where that cannot be known. */
export function bytesIn(pipe: number): number {
  return calls?.ioctl(pipe, FIONREAD, count) === 0 ? count[0] ?? 0 : 0;
}

/** Makes a pipe hold more. The system may refuse: then it holds what it held. */
export function enlarge(pipe: number, bytes: number): void {
  calls?.fcntl(pipe, F_SETPIPE_SZ, bytes);
}

/** Tries whether bytes can be moved from a pipe into files of the folder. Throws the system's error when no file can be made there. */
export function canSplice(folder: string): boolean {
  const fds = new Int32Array(2);
  if (calls?.pipe(fds) !== 0) return false;
  const [output = -1, input = -1] = fds;
  const path = join(folder, 'splice-test');
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

function load(): Functions | undefined {
  const library = withoutWarning(() => process.getBuiltinModule('node:ffi') as unknown as Library | undefined);
  for (const name of LIBRARIES) {
    try {
      return library?.dlopen(name, {
        splice: { return: 'i64', arguments: ['i32', 'pointer', 'i32', 'pointer', 'u64', 'u32'] },
        fcntl: { return: 'i32', arguments: ['i32', 'i32', 'i32'] },
        ioctl: { return: 'i32', arguments: ['i32', 'u64', 'pointer'] },
        pipe: { return: 'i32', arguments: ['pointer'] },
      }).functions;
    } catch {
      // Another C library, or a Node that was told not to allow this.
      continue;
    }
  }
  return undefined;
}

/** The warning that the interface may change helps nobody who runs the driver: it falls back by itself. */
function withoutWarning<T>(action: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return action();
  } finally {
    process.emitWarning = emitWarning;
  }
}
