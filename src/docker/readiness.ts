/**
 * Tells when a pipe has something to read, and reads nothing: Node's streams only tell by reading, and what they read
 * would be lost with the process.
 */
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';

/** libuv asks for a buffer before it reads; given an empty one it reports ENOBUFS in place of reading, each turn anew. */
const NOTHING = Buffer.alloc(0);
const POLL_MS = 5;

export interface Readiness {
  /** Nothing is told until `resume`. */
  pause(): void;
  resume(): void;
  /** Closes the descriptor. Idempotent. */
  close(): void;
}

/** The part of a socket's handle that is used here; it is Node's own affair, and may change. */
interface Handle {
  onread: () => void;
}

/** Owns the descriptor. `readable` is called in each turn of the event loop as long as something is there, the end included. */
export function watch(fd: number, readable: () => void): Readiness {
  const socket = new Socket({ fd, readable: true, writable: false, onread: { buffer: NOTHING, callback: () => true } });
  const { _handle: handle } = socket as unknown as { _handle?: Partial<Handle> };
  if (typeof handle?.onread !== 'function') return poll(fd, readable);
  handle.onread = readable;
  socket.resume();
  return { pause: () => void socket.pause(), resume: () => void socket.resume(), close: () => void socket.destroy() };
}

/** For a Node whose sockets are made differently: looks again and again. */
export function poll(fd: number, readable: () => void): Readiness {
  let timer: NodeJS.Timeout | undefined;
  let isOpen = true;
  const pause = (): void => clearInterval(timer);
  const resume = (): void => {
    pause();
    if (isOpen) timer = setInterval(readable, POLL_MS);
  };
  resume();
  return {
    pause, resume,
    close: () => {
      pause();
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}
