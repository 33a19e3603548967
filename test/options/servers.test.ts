import test from 'ava';
import fc from 'fast-check';
import { maskServer, parseServers, serverFault } from '../../src/options/servers.ts';

const good: readonly [string, object][] = [
  ['localhost', { host: 'localhost', port: 4222, tls: false }],
  ['localhost:4223', { host: 'localhost', port: 4223, tls: false }],
  ['nats://nats-1:4222', { host: 'nats-1', port: 4222, tls: false }],
  ['nats://nats-1:4222/', { host: 'nats-1', port: 4222, tls: false }],
  ['NATS://Nats-1', { host: 'nats-1', port: 4222, tls: false }],
  ['tls://10.0.0.1', { host: '10.0.0.1', port: 4222, tls: true }],
  ['my_service', { host: 'my_service', port: 4222, tls: false }],
  ['[::1]:4222', { host: '::1', port: 4222, tls: false }],
  ['tls://[2001:DB8::1]', { host: '2001:db8::1', port: 4222, tls: true }],
  ['nats://me:secret@host:4222', { host: 'host', port: 4222, tls: false, user: 'me', pass: 'secret' }],
  ['me:@host', { host: 'host', port: 4222, tls: false, user: 'me', pass: '' }],
  ['token@host', { host: 'host', port: 4222, tls: false, token: 'token' }],
  ['nats://m%40e:p%3A%2F%25@host', { host: 'host', port: 4222, tls: false, user: 'm@e', pass: 'p:/%' }],
  ['nats://me:p@ss@host', { host: 'host', port: 4222, tls: false, user: 'me', pass: 'p@ss' }],
];

for (const [text, server] of good) {
  test(`"${text}" is understood`, (t) => {
    t.is(serverFault(text), undefined);
    t.deepEqual(parseServers([text], false), [server] as never);
  });
}

const bad: readonly [string, string][] = [
  ['http://host', 'nats://, tls:// or a bare host:port'],
  ['ws://host:80', 'nats://, tls:// or a bare host:port'],
  ['://host', 'nats://, tls:// or a bare host:port'],
  ['', 'host:port with a valid host name'],
  ['nats://', 'host:port with a valid host name'],
  ['nats://:4222', 'host:port with a valid host name'],
  ['ho st', 'host:port with a valid host name'],
  ['-host', 'host:port with a valid host name'],
  ['nats：//127.0.0.1：4222', 'nothing after host:port (a / in a password is written %2F)'],
  ['host:0', 'a port from 1 to 65535'],
  ['host:65536', 'a port from 1 to 65535'],
  ['host:', 'a port from 1 to 65535'],
  ['host:42a', 'a port from 1 to 65535'],
  ['host:4222/path', 'nothing after host:port (a / in a password is written %2F)'],
  ['host?tls', 'nothing after host:port (a / in a password is written %2F)'],
  ['::1', 'an IPv6 address in brackets, such as [::1]:4222'],
  ['[::1', 'host:port with a valid host name'],
  ['[localhost]:4222', 'host:port with a valid host name'],
  ['@host', 'user:password or a token before the @'],
  [':secret@host', 'user:password or a token before the @'],
  ['me:100%@host', 'valid percent-encoding before the @ (a literal % is written %25)'],
];

for (const [text, wanted] of bad) {
  test(`"${text}" is refused`, (t) => t.is(serverFault(text), wanted));
}

test('one tls:// makes TLS mandatory for all servers', (t) => {
  t.deepEqual(parseServers(['a', 'tls://b'], false).map(({ tls }) => tls), [true, true]);
});

test('TLS options make TLS mandatory for all servers', (t) => {
  t.deepEqual(parseServers(['a', 'nats://b'], true).map(({ tls }) => tls), [true, true]);
});

test('a server named twice is there once', (t) => {
  t.deepEqual(parseServers(['a', 'nats://A:4222', 'a:4223'], false).map(({ host, port }) => `${host}:${port}`), ['a:4222', 'a:4223']);
});

const masked: readonly [string, string][] = [
  ['nats://me:secret@host:4222', 'nats://me:***@host:4222'],
  ['secret@host', '***@host'],
  ['tls://me:sec@ret@[::1]:4222', 'tls://me:***@[::1]:4222'],
  ['http://me:secret@host/x?token=secret', 'http://me:***@host/***'],
  ['nats://me:secret', 'nats://me:***'],
  ['host/?token=secret', 'host/***'],
  ['host:4222', 'host:4222'],
  ['[::1]:4222', '[::1]:4222'],
];

for (const [text, shown] of masked) {
  test(`"${text}" is shown as "${shown}"`, (t) => t.is(maskServer(text), shown));
}

test('user and password survive percent-encoding', (t) => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' });
  fc.assert(fc.property(text, text, (user, pass) => {
    const [server] = parseServers([`nats://${encodeURIComponent(user)}:${encodeURIComponent(pass)}@host`], false);
    t.deepEqual([server?.user, server?.pass], [user, pass]);
  }));
});

test('no text makes the parser throw', (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    serverFault(text);
    maskServer(text);
  }));
  t.pass();
});

test('a password is never shown, however wrong the address is', (t) => {
  const scrap = fc.stringMatching(/^[a-z0-9:/?#@%.[\]-]{0,12}$/);
  fc.assert(fc.property(scrap, fc.constantFrom('me:', ''), scrap, (before, user, after) => {
    t.false(maskServer(`${before}://${user}CANARY@${after}`).includes('CANARY'));
    t.false(maskServer(`${user}CANARY@${after}`).includes('CANARY'));
  }));
});
