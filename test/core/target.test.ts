import test from 'ava';
import { serverName } from '../../src/core/target.ts';

test('a server is named by scheme, host and port, never by credentials', (t) => {
  const login = { user: 'who', pass: 'CANARY', token: 'CANARY' };
  t.is(serverName({ host: 'nats.test', port: 4222, tls: false, ...login }), 'nats://nats.test:4222');
  t.is(serverName({ host: 'nats.test', port: 443, tls: true, ...login }), 'tls://nats.test:443');
});

test('an IPv6 address stands in brackets', (t) => {
  t.is(serverName({ host: '::1', port: 4222, tls: false }), 'nats://[::1]:4222');
});
