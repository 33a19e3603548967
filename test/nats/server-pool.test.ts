import test from 'ava';
import { ServerPool } from '../../src/nats/server-pool.ts';

const a = { host: 'a.test', port: 4222, tls: true, user: 'who', pass: 'CANARY' };
const b = { host: 'b.test', port: 4222, tls: true };

test('each server has its turn before one comes again', (t) => {
  const pool = new ServerPool([a, b, { ...b, port: 5222 }]);
  t.is(pool.size, 3);
  const ports = Array.from({ length: 6 }, () => pool.next()).map(({ host, port }) => `${host}:${port}`);
  t.deepEqual(ports, ['a.test:4222', 'b.test:4222', 'b.test:5222', 'a.test:4222', 'b.test:4222', 'b.test:5222']);
});

test('what a cluster tells is tried as well, with the TLS and the credentials of who told it', (t) => {
  const pool = new ServerPool([a]);
  pool.next();
  pool.discover(['c.test:4223', 'a.test:4222'], a);
  t.is(pool.size, 2, 'known ones do not come twice');
  t.deepEqual(pool.next(), { ...a, host: 'c.test', port: 4223 });
  t.is(pool.next(), a);
});

test('a newer word of the cluster replaces the older one', (t) => {
  const pool = new ServerPool([a]);
  pool.discover(['c.test:1', 'd.test:2'], a);
  pool.discover(['e.test:3'], a);
  t.is(pool.size, 2);
});

test('a bare address is checked against the name of the server that told it', (t) => {
  const pool = new ServerPool([a]);
  pool.next();
  pool.discover(['10.0.0.1:4222', '[fd00::1]:4222'], a);
  t.deepEqual(pool.next(), { ...a, host: '10.0.0.1', tlsName: 'a.test' });
  t.deepEqual(pool.next(), { ...a, host: 'fd00::1', tlsName: 'a.test' });
});

test('a name that a discovered address tells is checked by itself', (t) => {
  const pool = new ServerPool([a]);
  pool.next();
  pool.discover(['10.0.0.1:4222'], a);
  pool.discover(['c.test:4222', '10.0.0.2:4222'], pool.next());
  t.deepEqual([pool.next(), pool.next(), pool.next()].toSorted((x, y) => x.host.localeCompare(y.host)), [
    { ...a, host: '10.0.0.2', tlsName: 'a.test' }, a, { ...a, host: 'c.test' },
  ]);
});

test('an address that tells of addresses has no name to give', (t) => {
  const server = { host: '10.0.0.1', port: 4222, tls: true };
  const pool = new ServerPool([server]);
  pool.next();
  pool.discover(['10.0.0.2:4222'], server);
  t.deepEqual(pool.next(), { ...server, host: '10.0.0.2' });
});

test('what is no host and port is left out', (t) => {
  const pool = new ServerPool([a]);
  pool.discover(['', 'c.test', ':4222', 'c.test:', 'c.test:123456', 'nats://c.test:4222', 'u:p@c.test:4222', 'c d:4222', '[::1:4222',
    'fd00::1:4222'], a);
  t.is(pool.size, 1);
});

test('a hostile cluster does not fill the memory', (t) => {
  const pool = new ServerPool([a]);
  pool.discover(Array.from({ length: 100_000 }, (_, i) => `h${i}.test:4222`), a);
  t.is(pool.size, 65);
});
