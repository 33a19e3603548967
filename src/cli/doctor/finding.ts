/** What a check found. */
export type Result = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Finding {
  /** What was looked at: `TLS handshake`. */
  readonly check: string;
  readonly result: Result;
  /** What was seen. Never holds a secret. */
  readonly detail: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** A step of the way of a line, and its checks in order. */
export interface Part {
  readonly title: string;
  readonly findings: AsyncIterable<Finding>;
}
