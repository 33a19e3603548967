/** Somebody who looks at the lines of a session as they come, and is shown no more of them than a person can read. */
import type { Source } from './types.ts';

export interface Viewer {
  /** The text may be cut: then it ends with `…`. */
  line(source: Source, text: string): void;
  /** Lines were not shown. */
  skipped(lines: number): void;
  /** The session has ended. */
  ended(): void;
}

/** Ends a look. */
export type StopViewing = () => void;
