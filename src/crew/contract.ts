/** What the main thread and its workers say to each other, and what a worker begins with. */
import type { DriverEvent } from '../core/events.ts';
import type { ConfigurationStatus, DriverStatus } from '../core/status.ts';
import type { Source } from '../core/types.ts';
import type { Problem } from '../options/option-error.ts';
import type { Settings } from '../options/resolve.ts';

/** A configuration as it was at one moment. */
export interface ConfigurationSnapshot {
  readonly settings: Settings;
  /** Why it is refused; undefined: it is not. */
  readonly problems: readonly Problem[] | undefined;
  readonly status: ConfigurationStatus;
}

/** What a worker is told when it begins. */
export interface WorkerSettings {
  /** Its number, from 0, and how many there are. */
  readonly index: number;
  readonly count: number;
  readonly hostname: string;
  /** The folder for what survives the process; undefined: there is none. */
  readonly state: string | undefined;
  readonly endedInOrder: boolean;
  readonly configuration: ConfigurationSnapshot;
  /** See SharedBytes. */
  readonly disk: SharedArrayBuffer;
  readonly memory: SharedArrayBuffer;
}

/** The main thread calls these. */
export interface WorkerFunctions {
  /** Answered when all other calls are. */
  ready(): void;
  configure(snapshot: ConfigurationSnapshot): void;
  startLogging(file: string, info: unknown): void;
  stopLogging(file: string): Promise<void>;
  restore(): Promise<void>;
  status(): DriverStatus;
  /** Lines come to the viewer of that number; false: there is no such session. */
  tail(session: string, viewer: number): boolean;
  endTail(viewer: number): void;
  /** Uses less of the room that all workers have together. */
  giveWay(): void;
  /** Milliseconds; see Driver. */
  close(ms: number): Promise<void>;
}

/** A worker calls these. */
export interface MainFunctions {
  /** A line of the driver's log. */
  log(line: string): void;
  event(event: DriverEvent): void;
  /** The others are to give way. */
  press(): void;
  line(viewer: number, source: Source, text: string): void;
  skipped(viewer: number, lines: number): void;
  ended(viewer: number): void;
}
