/** What a check found. */
export type Result = 'ok' | 'warning' | 'failed' | 'skipped';

/** Names of all that a check may find wrong: they stay the same, and each is provoked by a test that begins with it. */
export const FINDINGS = [
  'settings-unknown-name', 'settings-refused', 'options-refused', 'options-warning', 'rule-refused', 'bucket-unknown',
  'name-unknown', 'port-closed', 'no-nats-server', 'tls-not-offered', 'tls-no-handshake',
  'certificate-untrusted', 'certificate-expired', 'certificate-not-yet-valid', 'certificate-other-name', 'certificate-ends-soon', 'certificate-unverified',
  'login-refused', 'login-failed', 'payload-small', 'round-trip-slow', 'publish-denied',
  'jetstream-unavailable', 'stream-missing', 'stream-other', 'stream-sealed', 'stream-unconfirmed', 'stream-in-memory', 'stream-nearly-full',
  'stream-small-messages', 'duplicate-window-short', 'clock-differs',
  'engine-unreachable', 'engine-old', 'plugin-missing', 'plugin-disabled', 'socket-silent', 'socket-of-another',
  'state-not-writable', 'disk-small', 'descriptors-few', 'descriptors-used-up',
] as const;

export type FindingId = typeof FINDINGS[number];

interface Found {
  /** What was looked at: `TLS handshake`. */
  readonly check: string;
  /** What was seen. Never holds a secret. */
  readonly detail: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export type Finding = Found & (
  | { readonly result: 'ok' | 'skipped' }
  | { readonly result: 'warning' | 'failed'; readonly id: FindingId }
);

/** A step of the way of a line, and its checks in order. */
export interface Part {
  readonly title: string;
  readonly findings: AsyncIterable<Finding>;
}
