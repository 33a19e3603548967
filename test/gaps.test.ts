import test from 'ava';
import type { Gap } from '../src/core/types.ts';
import { Gaps } from '../src/gaps.ts';

function gap(end: number, lines: number, reason: Gap['reason'] = 'overflow'): Gap {
  return { end, lines, bytes: lines * 10, reason, from: { seconds: end, nanos: 0 }, to: { seconds: end + 1, nanos: 0 } };
}

function newGaps(kept: readonly Gap[] = []): { gaps: Gaps; saves: () => number; saved: () => readonly [end: number, lines: number | undefined][] } {
  const lists: (readonly Gap[])[] = [];
  const gaps = new Gaps({ kept, head: 1000, save: (each) => void lists.push(each), due: () => undefined });
  return { gaps, saves: () => lists.length, saved: () => (lists.at(-1) ?? []).map(({ end, lines }) => [end, lines]) };
}

test('losses that touch and have the same reason are one', (t) => {
  const { gaps, saved } = newGaps();
  gaps.add(gap(10, 1), 0);
  gaps.add(gap(30, 2), 10);
  gaps.add(gap(50, 4, 'gave-up'), 30);
  gaps.add(gap(90, 8), 60);
  t.deepEqual(saved(), [[30, 3], [50, 4], [90, 8]]);
});

test('a record that is on its way does not change: what follows is a record of its own', (t) => {
  const { gaps, saved } = newGaps();
  gaps.add(gap(10, 1), 0);
  t.is(gaps.take(10)?.lines, 1);
  gaps.add(gap(30, 2), 10);
  t.deepEqual(saved(), [[10, 1], [30, 2]]);
});

test('records are taken where they stand, in order, once, and again after a loss of the connection', (t) => {
  const { gaps } = newGaps([gap(10, 1), gap(30, 2)]);
  t.is(gaps.take(9), undefined);
  t.deepEqual([gaps.take(30)?.end, gaps.take(30)?.end, gaps.take(30)], [10, 30, undefined]);
  gaps.rewind();
  t.is(gaps.take(30)?.end, 10);
});

test('what is confirmed is forgotten, and the rest stays where it was', (t) => {
  const { gaps, saved } = newGaps([gap(10, 1), gap(30, 2)]);
  gaps.take(30);
  gaps.take(30);
  gaps.confirmed(1);
  t.deepEqual(saved(), [[30, 2]]);
  t.is(gaps.take(30), undefined, 'the second one is still on its way');
  gaps.confirmed(1);
  t.true(gaps.isEmpty);
});

test('a loss before another one takes its place before it', (t) => {
  const { gaps, saved } = newGaps();
  gaps.add(gap(90, 8), 90);
  gaps.add(gap(20, 1), 5);
  t.deepEqual(saved(), [[20, 1], [90, 8]]);
});

test('a record that somebody may have stays as it is, also after a loss of the connection and in the next process', (t) => {
  const { gaps, saved } = newGaps([gap(10, 1)]);
  gaps.add(gap(30, 2), 10);
  t.deepEqual(saved(), [[10, 1], [30, 2]]);
  gaps.take(30);
  gaps.take(30);
  gaps.rewind();
  gaps.add(gap(50, 4), 30);
  t.deepEqual(saved(), [[10, 1], [30, 2], [50, 4]]);
});

test('records in one place have names of their own', (t) => {
  const { gaps } = newGaps();
  gaps.add(gap(10, 1), 10);
  const first = gaps.take(10);
  gaps.add(gap(10, 2), 10);
  t.not(gaps.take(10)?.id, first?.id);
});

/** As the session announces it. */
const expected: Gap = { end: 10, reason: 'overflow', to: { seconds: 1, nanos: 0 } };

test('a loss that is expected is kept for the next process, until it is known', (t) => {
  const { gaps, saved } = newGaps();
  gaps.expect(expected);
  t.deepEqual(saved(), [[10, undefined]]);
  t.true(gaps.isEmpty);
  gaps.add(gap(10, 3), 10);
  gaps.settle();
  t.deepEqual(saved(), [[10, 3]]);
  gaps.expect(expected);
  t.deepEqual(saved(), [[10, 3], [10, undefined]]);
  gaps.settle();
  t.deepEqual(saved(), [[10, 3]]);
});

test('what is lost where it is expected is kept when all of it is known, and no earlier', (t) => {
  const { gaps, saves, saved } = newGaps();
  gaps.expect(expected);
  for (let i = 0; i < 100; i++) gaps.add(gap(10, 3), 10);
  t.is(saves(), 1);
  gaps.settle();
  gaps.settle();
  t.is(saves(), 2);
  t.deepEqual(saved(), [[10, 300]]);
});

test('what is lost elsewhere meanwhile, and what is confirmed, is kept at once, beside what is expected', (t) => {
  const { gaps, saved } = newGaps();
  gaps.expect(expected);
  gaps.add(gap(5, 1), 0);
  t.deepEqual(saved(), [[5, 1], [10, undefined]]);
  gaps.add(gap(10, 2), 10);
  gaps.take(5);
  gaps.confirmed(1);
  t.deepEqual(saved(), [[10, 2], [10, undefined]]);
});
