import test from 'ava';
import { loadSettings, resolveOptions, type ResolvedOptions } from '../../src/options/resolve.ts';
import { makeCertificates } from '../support/certificates.ts';
import { makeSecretFolder } from '../support/secret-folder.ts';
import { withFile } from '../support/temporary-file.ts';

const OPERATOR = { NATS_SERVERS: 'nats://a.test:4222,nats://b.test', NATS_USER: 'operator', NATS_PASS: 'CANARY' };

function resolved(env: NodeJS.ProcessEnv, logOpts: Record<string, string>): ResolvedOptions {
  return resolveOptions(loadSettings(env, []), logOpts);
}

test('a container that says nothing of servers gets the credentials of the operator', (t) => {
  const { options, warnings } = resolved(OPERATOR, {});
  t.deepEqual([options['nats-user'], options['nats-pass'], warnings], ['operator', 'CANARY', []]);
});

for (const servers of ['b.test:4222', 'nats://b.test,nats://a.test:4222']) {
  test(`a container that names servers of the operator gets the credentials of the operator: ${servers}`, (t) => {
    t.is(resolved(OPERATOR, { 'nats-servers': servers }).options['nats-pass'], 'CANARY');
  });
}

for (const servers of ['evil.test:4222', 'a.test:4222,evil.test:4222', 'a.test:4223']) {
  test(`a container that names another server gets none, and the log says why: ${servers}`, (t) => {
    const { options, warnings, origins } = resolved(OPERATOR, { 'nats-servers': servers });
    t.deepEqual([options['nats-user'], options['nats-pass'], origins.has('nats-pass')], [undefined, undefined, false]);
    t.deepEqual(warnings, [
      'nats-user: not used for this container, whose log-opt nats-servers names other servers (plugin setting NATS_USER)',
      'nats-pass: not used for this container, whose log-opt nats-servers names other servers (plugin setting NATS_PASS)',
    ]);
  });
}

test('a token of the operator does not follow a container to its own server', (t) => {
  t.is(resolved({ NATS_TOKEN: 'CANARY' }, { 'nats-servers': 'evil.test' }).options['nats-token'], undefined);
});

test('a container with credentials of its own gets none of the operator', (t) => {
  const { options, warnings } = resolved({ NATS_TOKEN: 'CANARY' }, { 'nats-user': 'me', 'nats-pass': 'mine' });
  t.deepEqual([options['nats-user'], options['nats-pass'], options['nats-token'], warnings], ['me', 'mine', undefined, []]);
});

test('credentials that come with the container go wherever it says', (t) => {
  const { options } = resolved(OPERATOR, { 'nats-servers': 'other.test', 'nats-token': 'mine' });
  t.deepEqual([options['nats-token'], options['nats-user']], ['mine', undefined]);
});

const OPERATOR_TLS = { NATS_SERVERS: 'tls://a.test,tls://b.test', NATS_USER: 'operator', NATS_PASS: 'CANARY', NATS_TLS_SERVER_NAME: 'nats.test' };

for (const [option, value] of [
  ['nats-tls-skip-verify', 'true'], ['nats-tls-server-name', 'evil.test'], ['nats-tls-handshake-first', 'true'],
  ['nats-tls-ca-cert', '/etc/ssl/certs/ca-certificates.crt'],
] as const) {
  test(`a container that changes how servers are verified gets no credentials, and the log says why: ${option}`, (t) => {
    const { options, warnings } = resolved({ ...OPERATOR_TLS, NATS_SECRET_DIRS: '/etc/ssl' }, { [option]: value });
    t.is(options['nats-pass'], undefined);
    t.true(warnings.includes(`nats-pass: not used for this container, whose log-opt ${option} changes how servers are verified (plugin setting NATS_PASS)`));
  });
}

test('a container that says of TLS what the operator says gets the credentials of the operator', (t) => {
  t.is(resolved(OPERATOR_TLS, { 'nats-tls-server-name': 'nats.test', 'nats-tls-skip-verify': 'false' }).options['nats-pass'], 'CANARY');
});

test('a container that names a server of the operator without its TLS gets no credentials', (t) => {
  const secure = { NATS_SERVERS: 'tls://a.test', NATS_TOKEN: 'CANARY' };
  t.is(resolved(secure, { 'nats-servers': 'nats://a.test' }).options['nats-token'], undefined);
  t.is(resolved(secure, { 'nats-servers': 'tls://a.test' }).options['nats-token'], 'CANARY');
  t.is(resolved({ ...secure, NATS_SERVERS: 'nats://a.test' }, { 'nats-servers': 'tls://a.test' }).options['nats-token'], 'CANARY');
});

test('a server of the schema\'s default or of a weaker layer is none of the operator\'s', async (t) => {
  t.is(resolved(OPERATOR, { 'nats-servers': 'localhost:4222' }).options['nats-pass'], undefined);
  await withFile('defaults: {nats-servers: old.test}\n', (path) => {
    t.is(resolveOptions(loadSettings({ ...OPERATOR, NATS_CONFIG: path }), { 'nats-servers': 'old.test' }).options['nats-pass'], undefined);
  });
});

test('the client certificate of the operator stays with the credentials', async (t) => {
  const certificates = await makeCertificates();
  t.teardown(() => certificates.remove());
  const env = { ...OPERATOR, NATS_TLS_CERT: certificates.pem('client'), NATS_TLS_KEY: certificates.key('client') };
  t.is(resolved(env, {}).tls?.keyFile, certificates.key('client'));
  t.is(resolved(env, { 'nats-servers': 'evil.test' }).tls?.keyFile, undefined);
  t.is(resolved(env, { 'nats-token': 'mine' }).tls?.keyFile, certificates.key('client'), 'for the same servers, also beside credentials of the container');
});

const FILES: readonly [option: string, name: string, text: string][] = [
  ['nats-token-file', 'token', 'CANARY'], ['nats-pass-file', 'pass', 'CANARY'],
];

for (const [option, name, text] of FILES) {
  const own = { ...(option === 'nats-pass-file' ? { 'nats-user': 'me' } : {}) };
  test(`a secret file that a container names is read for the operator's servers only: ${option}`, (t) => {
    const { dir, put } = makeSecretFolder(t);
    const logOpts = { ...own, [option]: put(name, text) };
    const env = { ...OPERATOR, NATS_SECRET_DIRS: dir };
    t.notThrows(() => resolved(env, logOpts));
    t.is(t.throws(() => resolved(env, { ...logOpts, 'nats-servers': 'evil.test' })).message,
      `nats: ${option}: a file is read for the operator's servers only, and the log-opt nats-servers names other servers (log-opt)`);
    t.is(t.throws(() => resolved(env, { ...logOpts, 'nats-tls-skip-verify': '' })).message,
      `nats: ${option}: a file is read for the operator's servers only, and the log-opt nats-tls-skip-verify changes how servers are verified (log-opt)`);
  });
}

test('where the operator says nothing of servers, credentials and TLS, log-opts may say it all', (t) => {
  const { dir, put } = makeSecretFolder(t);
  const { login, servers } = resolved({ NATS_SECRET_DIRS: dir, NATS_SUBJECT: 'logs' }, { 'nats-servers': 'a.test', 'nats-token-file': put('token', 'x') });
  t.deepEqual([servers[0]?.host, Object.keys(login)], ['a.test', ['token']]);
});

test('a context that a container names goes where the context says, and nowhere else', (t) => {
  const { dir, put } = makeSecretFolder(t);
  const context = put('team.json', '{"url":"team.test","token":"CANARY"}');
  for (const env of [{ NATS_SECRET_DIRS: dir }, { ...OPERATOR, NATS_SECRET_DIRS: dir }]) {
    const { login, servers, options } = resolved(env, { 'nats-context': context });
    t.deepEqual([servers[0]?.host, login, options['nats-user']], ['team.test', { context: { file: context } }, undefined]);
    t.notThrows(() => resolved(env, { 'nats-context': context, 'nats-servers': 'team.test' }));
    t.throws(() => resolved(env, { 'nats-context': context, 'nats-servers': 'evil.test' }), { message: /^nats: nats-context: a file is read for/ });
    t.throws(() => resolved(env, { 'nats-context': context, 'nats-tls-skip-verify': '' }), { message: /^nats: nats-context: a file is read for/ });
  }
});

test('a context without servers goes to the operator\'s', (t) => {
  const { dir, put } = makeSecretFolder(t);
  const env = { ...OPERATOR, NATS_SECRET_DIRS: dir };
  const context = put('team.json', '{"token":"CANARY"}');
  t.is(resolved(env, { 'nats-context': context }).servers[0]?.host, 'a.test');
  t.throws(() => resolved(env, { 'nats-context': context, 'nats-servers': 'evil.test' }), { message: /^nats: nats-context: a file is read for/ });
});

test('TLS options of a container do not reach an output that has servers of its own', async (t) => {
  const yaml = 'rules:\n  - outputs:\n      - {name: audit, nats-servers: audit.test, nats-token: CANARY}\n';
  await withFile(yaml, (path) => {
    const settings = loadSettings({ NATS_CONFIG: path });
    const { rules } = settings;
    const output = rules[0]?.outputs[0];
    const { options, tls } = resolveOptions(settings, { 'nats-tls-skip-verify': '' }, undefined, { rules, ...(output === undefined ? {} : { output }) });
    t.deepEqual([options['nats-token'], tls], ['CANARY', undefined]);
  });
});
