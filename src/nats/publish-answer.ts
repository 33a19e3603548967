/**
 * What JetStream answers to a published message that it does not store, and what that means. Source: nats-server errors.json,
 * server/stream.go (processJetStreamMsg).
 */

/** Why a message is not stored. `later`: nothing is wrong with it; `never`: this message will not be taken. */
export interface Answer {
  readonly kind: 'later' | 'never';
  /** Stable name of the fault, for telling it once. */
  readonly code: string;
  /** In words for people. */
  readonly reason: string;
}

export const NO_STREAM: Answer = { kind: 'later', code: 'no-stream', reason: 'no JetStream stream covers the subject, or JetStream is off' };
/** As the server would answer (10060). */
export const OTHER_STREAM: Answer = { kind: 'later', code: '10060', reason: 'another stream than nats-stream covers the subject' };
export const TIMED_OUT: Answer = { kind: 'later', code: 'timeout', reason: 'JetStream does not answer: no leader, no quorum, or overloaded' };

const NO_RESPONDERS = 503;
/** Of `{"error":…`, where a stored message has `{"stream":…`. */
const LETTER_E = 0x65;

/** By err_code: faults of one message. */
const NEVER: Readonly<Record<number, string>> = {
  10054: 'the message exceeds the stream\'s max_msg_size',
  10146: 'the stream\'s subject transformation fails for the message',
};
/** By err_code: faults of the stream or the server. The rest is told in the server's own words. */
const LATER: Readonly<Record<number, string>> = {
  10008: 'JetStream is temporarily unavailable',
  10023: 'the server has no resources left for JetStream',
  10028: 'the account\'s JetStream limit is reached',
  10039: 'JetStream is not enabled for the account',
  10047: 'the server\'s storage for JetStream is full',
  10060: 'another stream than nats-stream covers the subject',
  10076: 'JetStream is off',
  10077: 'the stream is full, or cannot store',
};

/** Whether bytes[start, end) say that the message is stored. */
export function isStored(bytes: Uint8Array, start: number, end: number): boolean {
  return end > start + 2 && bytes[start + 2] !== LETTER_E;
}

/** What else an answer says. `status`: of its headers, 0 without any. */
export function readAnswer(data: Uint8Array, status: number): Answer {
  return status === NO_RESPONDERS ? NO_STREAM : refusal(Buffer.from(data).toString('utf8'));
}

function refusal(text: string): Answer {
  const { err_code: code = 0, description = 'no reason given' } = errorOf(text);
  const never = NEVER[code];
  if (never !== undefined) return { kind: 'never', code: String(code), reason: never };
  const words = LATER[code];
  return { kind: 'later', code: String(code), reason: words === undefined ? `JetStream answered ${code}: ${description}` : `${words} (${code}: ${description})` };
}

interface ApiError {
  readonly err_code?: number;
  readonly description?: string;
}

function errorOf(text: string): ApiError {
  try {
    return (JSON.parse(text) as { error?: ApiError }).error ?? {};
  } catch {
    return { description: 'an answer that is no JSON' };
  }
}
