/** The drivers that the end-to-end tests of a file use, for whoever looks at all of them. */
import type { LogLine } from './plugin-process.ts';

export interface KnownDriver {
  readonly socket: string;
  /** What it has said so far, if that can be told from what others said. */
  readonly log: () => readonly LogLine[];
}

export const drivers = new Set<KnownDriver>();
