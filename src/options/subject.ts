/**
 * Subjects that a message can be published to. Source of the rules: NATS protocol documentation, nats-server
 * `IsValidLiteralSubject`; stricter where the server tolerates what no subscriber expects.
 */

/** The server has no limit of its own; longer ones are mistakes, and cost in every message. */
const MAX_SUBJECT_BYTES = 255;

/** The same for a subject that is subscribed to. */
export function validatePattern(subject: string): string | undefined {
  const tokens = subject.split('.');
  if (tokens.some((token, at) => token.includes('>') && (token !== '>' || at < tokens.length - 1))) return 'holds a > that is not its last token';
  if (tokens.some((token) => token.includes('*') && token !== '*')) return 'holds a * that is not a token of its own';
  // What a wildcard stands for is a token like any other.
  return validateSubject(tokens.map((token) => token === '*' || token === '>' ? 'x' : token).join('.'));
}

/** What is wrong with a subject, in words that follow "the subject"; undefined when it is legal. */
export function validateSubject(subject: string): string | undefined {
  if (subject === '') return 'is empty';
  if (Buffer.byteLength(subject) > MAX_SUBJECT_BYTES) return `is longer than ${MAX_SUBJECT_BYTES} bytes`;
  if (/[\s\p{Cc}\p{Cs}]/u.test(subject)) return 'holds a blank or a control character';
  if (/[*>]/.test(subject)) return 'holds a wildcard (* or >)';
  if (subject.split('.').includes('')) return 'holds an empty token (a dot too many)';
  if (subject.startsWith('$')) return 'starts with $, which belongs to the server';
  if (subject.startsWith('_INBOX')) return 'starts with _INBOX, which belongs to replies';
  return undefined;
}
