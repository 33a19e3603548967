import test from 'ava';
import { parseListenAddress, type ListenAddress } from '../../src/core/listen-address.ts';

const addresses: readonly [text: string, address: ListenAddress | undefined][] = [
  ['127.0.0.1:9273', { host: '127.0.0.1', port: 9273 }],
  ['[::1]:9273', { host: '::1', port: 9273 }],
  ['localhost:1', { host: 'localhost', port: 1 }],
  ['0.0.0.0:65535', { host: '0.0.0.0', port: 65_535 }],
  ['unix:/run/nats-log.sock', { path: '/run/nats-log.sock' }],
  ['/run/nats-log.sock', { path: '/run/nats-log.sock' }],
  ['unix:run/nats-log.sock', undefined],
  [`/${'x'.repeat(107)}`, undefined],
  ['9273', undefined],
  [':9273', undefined],
  ['127.0.0.1', undefined],
  ['127.0.0.1:0', undefined],
  ['127.0.0.1:65536', undefined],
  ['::1:9273', undefined],
  ['http://127.0.0.1:9273', undefined],
];

for (const [text, address] of addresses) {
  test(`${text.slice(0, 40)} is ${address === undefined ? 'no address to listen at' : 'an address to listen at'}`, (t) => t.deepEqual(parseListenAddress(text), address));
}
