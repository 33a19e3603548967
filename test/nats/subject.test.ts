import test from 'ava';
import { covers } from '../../src/nats/subject.ts';

const pairs: readonly (readonly [wide: string, narrow: string, isCovered: boolean])[] = [
  ['logs.>', 'logs.web', true], ['logs.>', 'logs.web.*', true], ['logs.>', 'logs.>', true], ['logs.>', 'logs', false], ['logs.>', '>', false],
  ['logs.*', 'logs.web', true], ['logs.*', 'logs.*', true], ['logs.*', 'logs.>', false], ['logs.*', 'logs.a.b', false], ['logs.web', 'logs.*', false],
  ['>', 'logs', true], ['logs', 'logs', true], ['logs', 'logs.web', false], ['*.web', 'logs.web', true],
];

for (const [wide, narrow, isCovered] of pairs) {
  test(`${wide} ${isCovered ? 'covers' : 'does not cover'} ${narrow}`, (t) => t.is(covers(wide, narrow), isCovered));
}
