import test from 'ava';
import { distance, nearest } from '../../src/options/nearest.ts';

const distances: readonly [string, string, number][] = [
  ['', '', 0], ['', 'abc', 3], ['abc', '', 3], ['abc', 'abc', 0], ['sever', 'server', 1], ['lables', 'labels', 1], ['kitten', 'sitting', 3],
];

for (const [a, b, away] of distances) {
  test(`"${a}" and "${b}" are ${away} apart`, (t) => t.is(distance(a, b), away));
}

test('only a name that is near is suggested', (t) => {
  t.is(nearest('nats_servres', ['nats-servers', 'nats-subject']), 'nats-servers');
  t.is(nearest('subject', ['nats-servers', 'nats-subject']), 'nats-subject');
  t.is(nearest('log', ['tag', 'env']), undefined);
  t.is(nearest('x'.repeat(1 << 20), ['nats-servers']), undefined);
});
