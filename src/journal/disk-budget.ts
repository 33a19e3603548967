/**
 * What the disk journals of a host share: the room on the disk, the memory for what the disk does not take, the
 * buffer that they read into, and one timer. When the room is exhausted, the session with the most unread bytes gives
 * up its oldest; some of the disk always stays free for others.
 */
import { frameBuffer } from '../core/line-kernel.ts';
import { nodeFileSystem, systemCode, type FileSystem } from './file-system.ts';
import type { Holder, MemoryBudget } from './memory.ts';
import { Quarantine } from './quarantine.ts';
import { Room, type Sharing } from './room.ts';
import { FolderNames } from './folder-names.ts';
import { MAX_SEGMENT_BYTES } from './segment.ts';
import { SyncQueue } from './sync-queue.ts';

/** All times of the journals are counted in ticks. */
const TICK_MS = 100;
const TICKS_PER_SYNC = 5;
const TICKS_PER_LOOK = 10;
/** What stays free for others: this part of the disk, or this many bytes if they are fewer. */
const RESERVE_SHARE = 0.05;
const RESERVE_BYTES = 256 * 1024 * 1024;
/** A read brings no more: what becomes of it fits into one buffer of the connection. */
const READ_BYTES = 64 * 1024;
const MIN_SEGMENT_BYTES = 64 * 1024;
/** Segments that are given up before room for one read of a FIFO is found: what was begun, what is in flight, and one more. */
const SHED_ROUNDS = 4;

/** A journal, as the budget sees it. */
export interface Member {
  readonly owner: Holder;
  /** Removes what is not needed any more, now. */
  reclaim(): void;
  /** False when nothing is left to do for it until it is used again. */
  tick(isTimeToSync: boolean): boolean;
}

export interface DiskListener {
  /** The disk fails, or fails in a new way; told once until `healed`. */
  failed(error: Error): void;
  /** Every journal can write again. */
  healed(): void;
}

export interface DiskBudgetSettings {
  /** The folder that holds the folders of the sessions and the quarantine. */
  readonly root: string;
  /** Bytes in files of all sessions together, to begin with. */
  readonly limit: number;
  /** Takes what the disk does not. */
  readonly memory: MemoryBudget;
  readonly listener: DiskListener;
  readonly sharing?: Sharing | undefined;
  readonly fs?: FileSystem;
  /** Calls `tick` every `ms` until the function that it returns is called. */
  readonly repeat?: (tick: () => void, ms: number) => () => void;
}

export class DiskBudget {
  readonly fs: FileSystem;
  readonly memory: MemoryBudget;
  readonly quarantine: Quarantine;
  readonly buffer = new SharedBuffer();
  /** The folders of the sessions. */
  readonly root: FolderNames;
  readonly syncQueue: SyncQueue;
  /** How often a file was removed: there may be room on a disk that was full. */
  removals = 0;
  readonly #settings: DiskBudgetSettings;
  readonly #room: Room;
  readonly #members = new Set<Member>();
  /** Those that ask for ticks. */
  readonly #active = new Set<Member>();
  readonly #failing = new Set<object>();
  #stop: (() => void) | undefined;
  #ticks = 0;
  #isLookDue = true;
  /** What may be used without touching the reserve, as of the last look. */
  #available = Number.POSITIVE_INFINITY;

  constructor(settings: DiskBudgetSettings) {
    this.#settings = settings;
    this.#room = new Room(settings.limit, settings.sharing);
    this.fs = settings.fs ?? nodeFileSystem;
    this.memory = settings.memory;
    this.quarantine = new Quarantine(this.fs, settings.root);
    this.root = new FolderNames(this.fs, settings.root);
    this.syncQueue = new SyncQueue(this.fs);
  }

  /** A journal is not written as it should be. */
  get isFailing(): boolean {
    return this.#failing.size > 0;
  }

  /** May change at any time. */
  get limit(): number {
    return this.#room.limit;
  }

  set limit(bytes: number) {
    this.#room.limit = bytes;
  }

  /** A journal's file has no more. */
  get segmentBytes(): number {
    return segmentBytesFor(this.limit);
  }

  /** Bytes in files, of this thread. */
  get used(): number {
    return this.#room.used;
  }

  set used(bytes: number) {
    this.#room.used = bytes;
  }

  /** Bytes that files may hold yet without touching what stays free for others, as of the last look; Infinity: not known. */
  get available(): number {
    return Math.max(0, this.#available - this.#room.total);
  }

  join(member: Member): void {
    this.#members.add(member);
  }

  leave(member: Member): void {
    this.#members.delete(member);
    this.#active.delete(member);
    this.buffer.forget(member);
    this.healed(member);
    if (this.#active.size === 0) this.#sleep();
  }

  /** Ticks for this member from now on. */
  activate(member: Member): void {
    this.#active.add(member);
    this.#stop ??= (this.#settings.repeat ?? repeat)(() => this.tick(), TICK_MS);
  }

  tick(): void {
    this.#ticks++;
    if (this.#ticks % TICKS_PER_LOOK === 0) this.#isLookDue = true;
    const isTimeToSync = this.#ticks % TICKS_PER_SYNC === 0;
    for (const member of this.#active) if (!member.tick(isTimeToSync)) this.#active.delete(member);
    if (this.#active.size === 0) this.#sleep();
  }

  /** Whether there is room without anybody giving up anything. */
  fits(size: number): boolean {
    if (this.#isLookDue) this.#look();
    return this.#room.fits(size, this.#limitNow);
  }

  /** Room for `size` more bytes in files; false when they would touch the reserve. Exceeds the limit by what nobody can give up. */
  makeRoom(size: number): boolean {
    if (this.fits(size)) return true;
    for (const member of this.#active) member.reclaim();
    for (let round = 0; round < SHED_ROUNDS && this.#room.mustGive(size, this.#limitNow); round++) if (!this.#shed()) break;
    return this.#room.fits(size, this.#available);
  }

  /** Makes room for other threads. */
  giveWay(): void {
    for (const member of this.#members) member.reclaim();
    while (this.#room.mustGive(0, this.#limitNow) && this.#shed()) continue;
    if (this.memory.mustGive(0)) this.#shed();
  }

  /** A piece of memory for what the disk does not take. */
  takeMemory(size: number): Buffer {
    // Gives up far more than it asks for: the oldest bytes may lie in files, and each of these makes room on the disk.
    if (this.memory.mustGive(size)) this.#shed();
    return this.memory.take(size);
  }

  /** Tells the listener of the first failure. `who` fails until it is `healed`. */
  failed(who: object, error: Error): void {
    const wasWell = this.#failing.size === 0;
    this.#failing.add(who);
    if (wasWell) this.#settings.listener.failed(error);
  }

  /** For what a failure of stops nobody: `who` fails until it succeeds. Returns whether it did. */
  attempt(who: object, action: () => void): boolean {
    try {
      action();
      this.healed(who);
      return true;
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      this.failed(who, error as Error);
      return false;
    }
  }

  healed(who: object): void {
    if (this.#failing.delete(who) && this.#failing.size === 0) this.#settings.listener.healed();
  }

  get #limitNow(): number {
    return Math.min(this.#room.limit, this.#available);
  }

  /** False when nobody has anything to give up. */
  #shed(): boolean {
    let largest: Holder | undefined;
    for (const { owner } of this.#members) if (owner.unread > (largest?.unread ?? 0)) largest = owner;
    if (largest === undefined) return false;
    const before = largest.unread;
    largest.shed(this.segmentBytes);
    return largest.unread < before;
  }

  #look(): void {
    this.#isLookDue = false;
    try {
      const { freeBytes, totalBytes } = this.fs.space(this.#settings.root);
      this.#available = this.#room.total + freeBytes - Math.min(RESERVE_BYTES, totalBytes * RESERVE_SHARE);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      this.#available = Number.POSITIVE_INFINITY;
    }
  }

  #sleep(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#isLookDue = true;
  }
}

/** The bytes that one journal appended or read last: whoever uses it next overwrites them. */
export class SharedBuffer {
  /** Where the line kernel reads without a copy. */
  readonly bytes = frameBuffer(READ_BYTES);
  #owner: object | undefined;
  #offset = 0;
  #size = 0;

  /** Copies the bytes that `owner` has at `offset`; more than fit are not kept. */
  put(owner: object, offset: number, bytes: Uint8Array): void {
    if (bytes.length > READ_BYTES) return this.forget(this.#owner);
    this.bytes.set(bytes);
    this.mark(owner, offset, bytes.length);
  }

  /** The first `size` bytes are those that `owner` has at `offset`. */
  mark(owner: object, offset: number, size: number): void {
    this.#owner = owner;
    this.#offset = offset;
    this.#size = size;
  }

  /** Bytes [from, to) of `owner` or the first of them; undefined when they are not here. */
  get(owner: object, from: number, to: number): Buffer | undefined {
    if (this.#owner !== owner || from < this.#offset || from >= this.#offset + this.#size) return undefined;
    return this.bytes.subarray(from - this.#offset, Math.min(to - this.#offset, this.#size));
  }

  forget(owner: object | undefined): void {
    if (this.#owner === owner) this.#owner = undefined;
  }
}

/** Small enough that giving one up is no more than an eighth of the room. */
export function segmentBytesFor(limit: number): number {
  return Math.max(MIN_SEGMENT_BYTES, Math.min(MAX_SEGMENT_BYTES, Math.floor(limit / 8)));
}

function repeat(tick: () => void, ms: number): () => void {
  const timer = setInterval(tick, ms).unref();
  return () => clearInterval(timer);
}
