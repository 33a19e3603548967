/**
 * Node's own handle of a pipe, around any descriptor that can be waited for. It is used for one thing: to be told by the event
 * loop that something can be read, without reading. Node's streams only tell by reading, and what they read would be lost with
 * the process. libuv asks for a buffer before it reads; given an empty one it reports ENOBUFS in place of reading, each turn anew.
 */
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { addressOf, systemCalls } from './system-calls.ts';

const NOTHING = Buffer.alloc(0);

/** The parts that are used here; they are Node's own affair, and may change. */
export interface PipeHandle {
  onread: () => void;
  open(fd: number): number;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  unref(): void;
}

/** A handle that owns the descriptor and, between `readStart` and `readStop`, calls `onread`. undefined: handles are made differently. */
export function pipeHandle(fd: number): PipeHandle | undefined {
  const handle = newHandle();
  if (handle === undefined || !isAsExpected(handle)) return undefined;
  // Whoever waits for a line keeps the process alive by something else.
  handle.unref();
  handle.useUserBuffer(NOTHING);
  return handle.open(fd) === 0 ? handle : undefined;
}

/** Node gives the class to nobody, but makes one for a pipe. */
function newHandle(): object | undefined {
  const ends = new Int32Array(2);
  if (systemCalls?.pipe(addressOf(ends)) !== 0) return undefined;
  const [output = -1, input = -1] = ends;
  const socket = new Socket({ fd: output, readable: true, writable: false });
  try {
    const { _handle: handle } = socket as unknown as { _handle?: { readonly constructor: new (type: number) => object } };
    return handle === undefined ? undefined : new handle.constructor(0);
  } finally {
    socket.destroy();
    closeSync(input);
  }
}

function isAsExpected(handle: object): handle is PipeHandle {
  return ['open', 'useUserBuffer', 'readStart', 'readStop', 'unref'].every((name) => typeof (handle as Record<string, unknown>)[name] === 'function');
}
