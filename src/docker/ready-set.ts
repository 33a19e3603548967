/**
 * All pipes that are watched, in one epoll instance: Node's event loop watches that alone, and one system call tells which of
 * them have something to read. A socket of Node for each pipe costs ten kilobytes, and a turn through Node for each line of a
 * container that writes now and then.
 */
import { closeSync } from 'node:fs';
import { FULL_BYTES } from './pipe-calls.ts';
import { pipeHandle, type PipeHandle } from './pipe-handle.ts';
import { Rest, type Rested } from './rest.ts';
import { addressOf, systemCalls, type SystemCalls } from './system-calls.ts';

/** epoll_ctl(2), epoll_create1(2): linux/eventpoll.h, equal on x64 and arm64. */
const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
/** `struct epoll_event` is packed on x64 only; in words of four bytes. */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const FD_WORD = process.arch === 'x64' ? 1 : 2;
/** More have their turn in the next look: Linux gives those first that were not told last. */
const MOST_EVENTS = 64;
/** Something is there, the end included; returns how many bytes were taken. */
export type Readable = () => number;

interface Watched extends Rested {
  readonly readable: Readable;
}

export class ReadySet {
  readonly #calls: SystemCalls;
  readonly #epoll: number;
  readonly #handle: PipeHandle;
  readonly #watched = new Map<number, Watched>();
  readonly #event = new Uint32Array(EVENT_WORDS);
  readonly #eventAt = addressOf(this.#event);
  readonly #events = new Uint32Array(EVENT_WORDS * MOST_EVENTS);
  readonly #eventsAt = addressOf(this.#events);
  readonly #rest = new Rest();
  /** While lines come, every so many milliseconds. */
  #rhythm: NodeJS.Timeout | undefined;
  #rhythmMs = 0;
  #isSoon = false;

  /** undefined: Linux cannot be asked, or Node's own handles are made differently. */
  static make(): ReadySet | undefined {
    if (systemCalls === undefined) return undefined;
    const epoll = systemCalls.epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) return undefined;
    const handle = pipeHandle(epoll);
    if (handle !== undefined) return new ReadySet(systemCalls, epoll, handle);
    closeSync(epoll);
    return undefined;
  }

  private constructor(calls: SystemCalls, epoll: number, handle: PipeHandle) {
    this.#calls = calls;
    this.#epoll = epoll;
    this.#handle = handle;
    handle.onread = () => {
      handle.readStop();
      this.#look();
    };
    handle.readStart();
  }

  /**
   * Tells `readable` from now on, in turn with others, as long as something is there. False: the system refuses it, as it does when
   * there are more than /proc/sys/fs/epoll/max_user_watches.
   */
  add(fd: number, readable: Readable): boolean {
    if (this.#watched.has(fd)) return true;
    this.#event[0] = EPOLLIN;
    this.#event[FD_WORD] = fd;
    if (this.#calls.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, this.#eventAt) !== 0) return false;
    this.#watched.set(fd, { readable, foundIn: 0 });
    return true;
  }

  /** Must come before the descriptor is closed. */
  remove(fd: number): void {
    if (this.#watched.delete(fd)) this.#calls.epoll_ctl(this.#epoll, EPOLL_CTL_DEL, fd, this.#eventAt);
  }

  /** Tells those that have something to read, until none has. The first line after a silence does not wait. */
  #look(): void {
    const events = this.#calls.epoll_wait(this.#epoll, this.#eventsAt, MOST_EVENTS, 0);
    if (events <= 0) return this.#wait();
    let isMore = events === MOST_EVENTS;
    for (let i = 0; i < events; i++) {
      const watched = this.#watched.get(this.#events[EVENT_WORDS * i + FD_WORD] as number);
      if (watched !== undefined && this.#tell(watched)) isMore = true;
    }
    if (isMore) this.#lookSoon();
    this.#rest.update(performance.now());
    this.#keepRhythm();
  }

  /** Returns whether there may be more. */
  #tell(watched: Watched): boolean {
    const bytes = watched.readable();
    this.#rest.found(watched, bytes);
    if (bytes < FULL_BYTES) return false;
    this.#rest.shorten();
    return true;
  }

  #keepRhythm(): void {
    const { ms } = this.#rest;
    if (this.#rhythm !== undefined && ms === this.#rhythmMs) return;
    clearInterval(this.#rhythm);
    this.#rhythmMs = ms;
    this.#rhythm = setInterval(() => this.#look(), ms);
  }

  /** Others have their turn before. */
  #lookSoon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    setImmediate(() => {
      this.#isSoon = false;
      this.#look();
    });
  }

  #wait(): void {
    clearInterval(this.#rhythm);
    this.#rhythm = undefined;
    this.#handle.readStart();
  }
}
