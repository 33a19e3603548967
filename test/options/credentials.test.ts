import test from 'ava';
import { loadSettings, resolveOptions, type ResolvedOptions } from '../../src/options/resolve.ts';

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
