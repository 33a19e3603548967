/** Tells when a pipe has something to read, and reads nothing. */
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { ReadySet, type Readable } from './ready-set.ts';

/** See pipe-handle.ts. */
const NOTHING = Buffer.alloc(0);
const POLL_MS = 5;

export interface Readiness {
  /** Nothing is told until `resume`. */
  pause(): void;
  resume(): void;
  /** Closes the descriptor. Idempotent. */
  close(): void;
}

/** null: there cannot be one. */
let all: ReadySet | null | undefined;

/** Owns the descriptor. `readable` is called again and again as long as something is there. */
export function watch(fd: number, readable: Readable): Readiness {
  all ??= ReadySet.make() ?? null;
  if (all === null) return watchAlone(fd, readable);
  // Node's event loop would have no place for it either, and end the process.
  return all.add(fd, readable) ? watchTogether(all, fd, readable) : poll(fd, readable);
}

/** It is in the set already. */
function watchTogether(set: ReadySet, fd: number, readable: Readable): Readiness {
  let isOpen = true;
  /** Its place was taken while it was paused. */
  let alone: Readiness | undefined;
  return {
    pause: () => alone === undefined ? set.remove(fd) : alone.pause(),
    resume: () => {
      if (alone !== undefined) alone.resume();
      else if (isOpen && !set.add(fd, readable)) alone = poll(fd, readable);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      set.remove(fd);
      if (alone === undefined) closeSync(fd);
      else alone.close();
    },
  };
}

/** Without system calls: a socket of Node for each. */
export function watchAlone(fd: number, readable: Readable): Readiness {
  const socket = new Socket({ fd, readable: true, writable: false, onread: { buffer: NOTHING, callback: () => true } });
  const { _handle: handle } = socket as unknown as { _handle?: { onread?: () => void } };
  if (typeof handle?.onread !== 'function') return poll(fd, readable);
  handle.onread = readable;
  socket.resume();
  return { pause: () => void socket.pause(), resume: () => void socket.resume(), close: () => void socket.destroy() };
}

/** For a Node whose sockets are made differently, or what the set has no place for: looks again and again. */
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
