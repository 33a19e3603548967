import test from 'ava';
import { describeDialError } from '../../src/nats/dial-error.ts';

function coded(code: string, more: Readonly<Record<string, unknown>> = {}, message = 'raw text'): Error {
  return Object.assign(new Error(message), { code }, more);
}

const rows: readonly [title: string, error: unknown, reason: string][] = [
  ['a refused connection', coded('ECONNREFUSED'), 'connection refused'],
  ['a connection that is closed at once, for which the client makes up a cause',
    coded('CONNECTION_REFUSED', { chainedError: new Error('made up') }), 'the server closed the connection before the login was complete'],
  ['an unknown host behind the client\'s error', coded('CONNECTION_REFUSED', { chainedError: coded('ENOTFOUND') }),
    'the host name is not known'],
  ['an expired certificate as a cause', coded('CONNECTION_REFUSED', { cause: coded('CERT_HAS_EXPIRED') }),
    'the server\'s certificate has expired'],
  ['several addresses of one name', Object.assign(new AggregateError([coded('EHOSTUNREACH'), coded('ECONNREFUSED')]), { code: 'X' }),
    'no route to the host'],
  ['a certificate for another name', coded('ERR_TLS_CERT_ALTNAME_INVALID', { reason: 'Host: a. is not in the cert\'s altnames: DNS:b' }),
    'the server\'s certificate is for another name (Host: a. is not in the cert\'s altnames: DNS:b)'],
  ['an unknown code', coded('EWEIRD', {}, 'weird things'), 'weird things'],
  ['an unknown cause', new Error('outer', { cause: new Error('inner') }), 'inner'],
  ['what is no error', 'just text', 'just text'],
  ['nothing', undefined, 'undefined'],
  ['an empty gathering', new AggregateError([], 'none'), 'none'],
  ['a code that is a word of the language', coded('constructor', {}, 'odd'), 'odd'],
];

for (const [title, error, reason] of rows) {
  test(`${title}: ${reason}`, (t) => {
    t.is(describeDialError(error).reason, reason);
  });
}

test('only a refused user is a matter of authentication', (t) => {
  const codes = ['AUTHORIZATION_VIOLATION', 'AUTHENTICATION_EXPIRED', 'ACCOUNT_EXPIRED', 'AUTHENTICATION_TIMEOUT', 'ECONNREFUSED',
    'CERT_HAS_EXPIRED', 'TIMEOUT'];
  t.deepEqual(codes.map((code) => describeDialError(coded(code)).isAuthentication), [true, true, true, true, false, false, false]);
  t.true(describeDialError(coded('CONNECTION_REFUSED', { chainedError: coded('AUTHORIZATION_VIOLATION') })).isAuthentication);
});
