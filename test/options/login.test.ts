import test from 'ava';
import { createUser } from 'nkeys.js';
import type { Login } from '../../src/core/target.ts';
import { LoginFault, readLogin } from '../../src/options/login.ts';
import { JwtRealm } from '../support/nats-jwt.ts';
import { makeSecretFolder } from '../support/secret-folder.ts';

const { jwt, seed, creds } = new JwtRealm().user();
const otherSeed = new TextDecoder().decode(createUser().getSeed());

test('texts are taken as they are, files without the newline at their end', (t) => {
  const { dir, put } = makeSecretFolder(t);
  const read = (login: Login): unknown => readLogin(login, [dir]).credentials;
  t.deepEqual(read({}), {});
  t.deepEqual(read({ user: 'me', pass: { text: ' p\n' } }), { user: 'me', pass: ' p\n' });
  t.deepEqual(read({ user: 'me', pass: { file: put('pass', ' p \r\n') } }), { user: 'me', pass: ' p ' });
  t.deepEqual(read({ token: { file: put('token', 'a\n\n') } }), { token: 'a\n' });
});

test('keys and JWTs are found among what stands around them', (t) => {
  const { dir, put } = makeSecretFolder(t);
  const read = (login: Login): unknown => readLogin(login, [dir]).credentials;
  t.deepEqual(read({ creds: { text: creds } }), { jwt, seed });
  t.deepEqual(read({ creds: { file: put('creds', creds.replaceAll('\n', '\r\n')) } }), { jwt, seed });
  t.deepEqual(read({ nkey: { text: seed } }), { seed });
  t.deepEqual(read({ nkey: { file: put('nk', `# of the logger\n${seed}\n`) } }), { seed });
  t.deepEqual(read({ jwt: { text: jwt }, nkey: { text: otherSeed } }), { jwt, seed: otherSeed });
  t.deepEqual(read({ jwt: { file: put('jwt', creds) } }), { jwt });
});

const contexts: readonly [title: string, context: object, credentials: object][] = [
  ['user and password', { user: 'me', password: 'p', token: 't' }, { user: 'me', pass: 'p' }],
  ['a token', { user: '', token: 't' }, { token: 't' }],
  ['JWT and seed', { user_jwt: jwt, user_seed: seed }, { jwt, seed }],
  ['nothing', { url: 'nats://a' }, {}],
  ['user information in an address', { url: 'nats://a,nats://u%40x:p@b', user: 'me' }, { host: 'b', port: 4222, tls: false, user: 'u@x', pass: 'p' }],
];

for (const [title, context, credentials] of contexts) {
  test(`a context may log in with ${title}`, (t) => {
    const { dir, put } = makeSecretFolder(t);
    t.deepEqual(readLogin({ context: { file: put('c.json', JSON.stringify(context)) } }, [dir]).credentials, credentials);
  });
}

test('files that a context names are read from the folders of secrets only, and warned of', (t) => {
  const { dir, put } = makeSecretFolder(t);
  const context = (creds: string): Login => ({ context: { file: put('c.json', JSON.stringify({ creds })) } });
  const path = put('user.creds', creds, 0o644);
  t.deepEqual(readLogin(context(path), [dir]), {
    credentials: { jwt, seed },
    warnings: [`nats-context: others may read or change "${path}", its mode is 0644, 0600 or 0640 would do`],
  });
  t.throws(() => readLogin(context('/etc/hostname'), [dir]), { instanceOf: LoginFault, message: /^nats-context: .* "\/etc\/hostname" leads elsewhere$/ });
});

const faults: readonly [title: string, login: (put: (text: string) => string) => Login, message: RegExp][] = [
  ['an empty password file', (put) => ({ pass: { file: put('\n') } }), /^nats-pass-file: expected a text, found an empty line; found something else in ".*"$/],
  ['credentials without a seed', () => ({ creds: { text: `CANARY ${jwt}` } }), /^nats-creds: expected credentials, which hold the JWT \(eyJ…\) and the seed \(SU…\) of a user$/],
  ['a path in the place of credentials', () => ({ creds: { text: '/srv/CANARY.creds' } }), /^nats-creds: expected credentials, .*; for a file there is nats-creds-file$/],
  ['another file as credentials', (put) => ({ creds: { file: put('CANARY') } }), /^nats-creds-file: expected credentials, .*; found something else in ".*"$/],
  ['the seed of an account', () => ({ nkey: { text: `SA${seed.slice(2)} CANARY` } }), /^nats-nkey: expected the seed of a user's nkey/],
  ['a seed that is cut off', (put) => ({ nkey: { file: put(`${seed.slice(0, -1)} CANARY`) } }), /^nats-nkey-file: expected the seed of a user's nkey/],
  ['a JWT with two parts', () => ({ jwt: { text: 'eyJhbGciOi.CANARY' } }), /^nats-jwt: expected the JWT of a user \(eyJ…\)$/],
  ['a context that is no JSON', (put) => ({ context: { file: put('{"password":"CANARY"') } }), /^nats-context: expected a context of the nats command line, a JSON object of texts;/],
];

for (const [title, login, message] of faults) {
  test(`${title} is refused by its option and path, without a part of it`, (t) => {
    const { dir, put } = makeSecretFolder(t);
    const error = t.throws(() => readLogin(login((text) => put('file', text)), [dir]), { instanceOf: LoginFault, message });
    t.false(error.message.includes('CANARY') || String(error.stack).includes('CANARY'));
  });
}
