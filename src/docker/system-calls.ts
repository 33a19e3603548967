/**
 * System calls that Node has no functions for, through its experimental foreign function interface. Where that is
 * missing everything works without them, with one promise less: see `canSplice`.
 */

/** glibc's name and musl's. */
const LIBRARIES = ['libc.so.6', 'libc.so'];

/** The results and arguments are those of the manual pages; addresses are those of memory that stays where it is, see `addressOf`. */
export interface SystemCalls {
  splice(from: number, fromOffset: bigint, to: number, toOffset: bigint, size: bigint, flags: number): bigint;
  fcntl(fd: number, command: number, value: number): number;
  ioctl(fd: number, request: bigint, result: bigint): number;
  pipe(fds: bigint): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: bigint): number;
  epoll_wait(epoll: number, events: bigint, most: number, milliseconds: number): number;
}

interface Signature {
  readonly return: string;
  readonly arguments: readonly string[];
}

interface ForeignFunctions {
  dlopen(name: string, signatures: Readonly<Record<keyof SystemCalls, Signature>>): { readonly functions: SystemCalls };
  getRawPointer(view: ArrayBufferView): bigint;
}

/** An address is an u64: told that it is a pointer, Node looks each time what kind of value it was given. */
const SIGNATURES: Readonly<Record<keyof SystemCalls, Signature>> = {
  splice: { return: 'i64', arguments: ['i32', 'u64', 'i32', 'u64', 'u64', 'u32'] },
  fcntl: { return: 'i32', arguments: ['i32', 'i32', 'i32'] },
  ioctl: { return: 'i32', arguments: ['i32', 'u64', 'u64'] },
  pipe: { return: 'i32', arguments: ['u64'] },
  epoll_create1: { return: 'i32', arguments: ['i32'] },
  epoll_ctl: { return: 'i32', arguments: ['i32', 'i32', 'i32', 'u64'] },
  epoll_wait: { return: 'i32', arguments: ['i32', 'u64', 'i32', 'i32'] },
};

const foreign = withoutWarning(() => process.getBuiltinModule('node:ffi') as unknown as ForeignFunctions | undefined);

/** undefined: there are none here. */
export const systemCalls = load();

/** Where the memory of the view is; 0 without system calls. The caller keeps the view for as long as the address is used. */
export function addressOf(view: ArrayBufferView): bigint {
  return systemCalls === undefined ? 0n : foreign?.getRawPointer(view) ?? 0n;
}

function load(): SystemCalls | undefined {
  for (const name of LIBRARIES) {
    try {
      return foreign?.dlopen(name, SIGNATURES).functions;
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
