import test from 'ava';
import { isSameWay, type Way } from '../src/way.ts';
import { makeWay } from './support/way.ts';

const way = makeWay(() => undefined as never);
const planned = (change: Partial<Way['plan']>): Way => ({ ...way, plan: { ...way.plan, ...change } });
const labelled = (value: string): Way => planned({ facts: { ...way.plan.facts, attributes: new Map([['label', value]]) } });

test('a way is the same as long as all that its plan says is, whoever opens it', (t) => {
  t.true(isSameWay(way, makeWay(() => undefined as never)));
  t.true(isSameWay(labelled('a'), labelled('a')));
});

test('another subject, label, oversize policy, and credentials that are known now make another way', (t) => {
  for (const other of [planned({ subject: 'elsewhere' }), labelled('a'), planned({ oversize: 'drop' }), { ...way, isParked: true }]) t.false(isSameWay(way, other));
  t.false(isSameWay(labelled('a'), labelled('b')));
});
