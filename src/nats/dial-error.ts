/** Says in words why a server could not be connected to: which check of a certificate failed, who refused whom. */

/** Codes of Node's TLS and of the system, in the words of what to do about it. Source: OpenSSL x509_vfy.h, nodejs.org/api/tls.html. */
const WORDS: ReadonlyMap<string, string> = new Map(Object.entries({
  CERT_HAS_EXPIRED: 'the server\'s certificate has expired',
  CERT_NOT_YET_VALID: 'the server\'s certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the server\'s certificate is self-signed and not trusted (nats-tls-ca-cert names what to trust)',
  SELF_SIGNED_CERT_IN_CHAIN: 'the server\'s certificate was signed by a CA that is not trusted (nats-tls-ca-cert names what to trust)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the server\'s certificate was signed by a CA that is not trusted (nats-tls-ca-cert names what to trust)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the server\'s certificate was signed by a CA that is not trusted (nats-tls-ca-cert names what to trust)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the server\'s certificate is for another name',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the server asks for a client certificate (nats-tls-cert, nats-tls-key)',
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': 'the server did not get a client certificate that it accepts (nats-tls-cert, nats-tls-key)',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': 'the server refused the TLS handshake; it may ask for a client certificate (nats-tls-cert, nats-tls-key)',
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED': 'the server refused the client certificate: expired',
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN': 'the server refused the client certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the server does not trust the CA of the client certificate',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'nats-tls-cert and nats-tls-key do not belong together',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the server; one that verifies clients may do so when it does not accept a certificate',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no answer',
  CONNECTION_REFUSED: 'the server closed the connection before the login was complete',
  TIMEOUT: 'no answer within the time limit: the host is unreachable, or the server hangs',
  AUTHORIZATION_VIOLATION: 'the server refused the credentials',
  AUTHENTICATION_EXPIRED: 'the credentials have expired',
  ACCOUNT_EXPIRED: 'the account has expired',
  AUTHENTICATION_TIMEOUT: 'the server did not wait for the credentials',
  SERVER_OPT_NA: 'the server does not offer TLS',
}));

export interface DialFailure {
  /** For people; never holds credentials. */
  readonly reason: string;
  /** The server answered and refused the user. */
  readonly isAuthentication: boolean;
}

/** Walks down to the cause that is known by its code. */
export function describeDialError(error: unknown): DialFailure {
  let deepest = error;
  for (let at: unknown = error; at instanceof Error; at = causeOf(at)) {
    const words = WORDS.get(codeOf(at));
    if (words !== undefined && codeOf(at) !== 'CONNECTION_REFUSED') return failure(words, codeOf(at), detailOf(at));
    deepest = at;
  }
  // The client makes up a cause where it was given none.
  const isMadeUp = deepest instanceof Error && codeOf(deepest) === '' && error instanceof Error && WORDS.has(codeOf(error));
  const known = isMadeUp ? error : deepest;
  const code = known instanceof Error ? codeOf(known) : '';
  return failure(WORDS.get(code) ?? (known instanceof Error ? known.message.trim() : String(known)), code, '');
}

function failure(words: string, code: string, detail: string): DialFailure {
  return {
    reason: detail === '' ? words : `${words} (${detail})`,
    isAuthentication: /^(AUTH|ACCOUNT)/.test(code),
  };
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

/** Node gathers the attempts on several addresses of one name; the client chains what made it fail. */
function causeOf(error: Error): unknown {
  if (error instanceof AggregateError) return error.errors[0];
  return 'chainedError' in error && error.chainedError !== undefined ? error.chainedError : error.cause;
}

/** For a certificate with another name: which names it has. */
function detailOf(error: Error): string {
  return codeOf(error) === 'ERR_TLS_CERT_ALTNAME_INVALID' && 'reason' in error ? String(error.reason) : '';
}
