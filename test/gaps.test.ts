import test from 'ava';
import type { Mark } from '../src/core/journal.ts';
import type { Cut, Gap } from '../src/core/types.ts';
import { Numbering } from '../src/core/numbering.ts';
import { Gaps, isGap } from '../src/gaps.ts';

function gap(end: number, lines: number, reason: Gap['reason'] = 'overflow'): Gap {
  return { end, lines, bytes: lines * 10, reason, from: { seconds: end, nanos: 0 }, to: { seconds: end + 1, nanos: 0 } };
}

interface Kit {
  readonly gaps: Gaps;
  readonly numbering: Numbering;
  /** Writes its record, too. */
  readonly take: (offset: number) => Gap | undefined;
  readonly saves: () => number;
  /** The next process would have these. */
  readonly saved: () => readonly [end: number, lines: number | undefined][];
  readonly kept: () => readonly (Gap | Cut)[];
}

/** `sent`: what an earlier process may have sent. */
function newGaps(before: readonly (Gap | Cut)[] = [], from: Mark = { offset: 0, sequence: 0 }, sent: Mark = from): Kit {
  const lists: (readonly (Gap | Cut)[])[] = [];
  const numbering = new Numbering(7, from.sequence, sent);
  const gaps = new Gaps({ kept: before, from, head: 1000, numbering, save: (each) => void lists.push(each), saveConfirmed: () => undefined, due: () => undefined });
  const kept = (): readonly (Gap | Cut)[] => lists.at(-1) ?? [];
  const take = (offset: number): Gap | undefined => {
    const gap = gaps.take(offset);
    if (gap !== undefined) numbering.count(gap.told.sequence - numbering.sequence);
    return gap as Gap | undefined;
  };
  return { gaps, numbering, take, kept, saves: () => lists.length, saved: () => kept().filter(isGap).map(({ end, lines }) => [end, lines]) };
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
  const { gaps, take, saved } = newGaps();
  gaps.add(gap(10, 1), 0);
  t.is(take(10)?.lines, 1);
  gaps.add(gap(30, 2), 10);
  t.deepEqual(saved(), [[10, 1], [30, 2]]);
});

test('records are taken where they stand, in order, once, and again after a loss of the connection', (t) => {
  const { gaps, take } = newGaps([gap(10, 1), gap(30, 2)]);
  t.is(take(9), undefined);
  t.deepEqual([take(10)?.end, take(30)?.end, take(30)], [10, 30, undefined]);
  gaps.rewind();
  t.is(take(30)?.end, 10);
});

test('what is confirmed is forgotten, and the rest stays where it was', (t) => {
  const { gaps, take, saved } = newGaps([gap(10, 1), gap(30, 2)]);
  take(30);
  take(30);
  gaps.confirmed(1);
  t.deepEqual(saved(), [[30, 2]]);
  t.is(take(30), undefined, 'the second one is still on its way');
  gaps.confirmed(2);
  t.true(gaps.isEmpty);
});

test('a loss before another one takes its place before it', (t) => {
  const { gaps, saved } = newGaps();
  gaps.add(gap(90, 8), 90);
  gaps.add(gap(20, 1), 5);
  t.deepEqual(saved(), [[20, 1], [90, 8]]);
});

test('a record that somebody may have stays as it is, also after a loss of the connection and in the next process', (t) => {
  const { gaps, take, saved } = newGaps([{ ...gap(10, 1), told: { epoch: 7, sequence: 1 } }]);
  gaps.add(gap(30, 2), 10);
  t.deepEqual(saved(), [[10, 1], [30, 2]]);
  take(30);
  take(30);
  gaps.rewind();
  gaps.add(gap(50, 4), 30);
  t.deepEqual(saved(), [[10, 1], [30, 2], [50, 4]]);
});

test('records in one place have names of their own', (t) => {
  const { gaps, take } = newGaps();
  gaps.add(gap(10, 1), 10);
  const first = take(10);
  gaps.add(gap(10, 2), 10);
  t.not(take(10)?.id, first?.id);
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
  const { gaps, take, saved } = newGaps();
  gaps.expect(expected);
  gaps.add(gap(5, 1), 0);
  t.deepEqual(saved(), [[5, 1], [10, undefined]]);
  gaps.add(gap(10, 2), 10);
  take(5);
  gaps.confirmed(1);
  t.deepEqual(saved(), [[10, 2], [10, undefined]]);
});

test('the record of lines that may have been sent has a number that no message has, and what follows goes on from there', (t) => {
  const { gaps, numbering, take } = newGaps();
  numbering.count(50);
  numbering.rewind(20);
  gaps.add(gap(30, 2), 10);
  t.is(take(30)?.told?.sequence, 51);
  t.is(numbering.next().sequence, 52);
});

test('the record of lines of an earlier process has a number behind all that this may have given, if others may have followed', (t) => {
  const { gaps, numbering, take } = newGaps([], { offset: 10, sequence: 3 }, { offset: 100, sequence: 93 });
  gaps.add(gap(30, 2), 10);
  gaps.add({ end: 100, reason: 'crash', to: { seconds: 1, nanos: 0 } }, 100);
  t.is(take(30)?.told?.sequence, 94);
  numbering.count(4);
  t.is(take(100)?.told?.sequence, 99);
});

test('a record that is sent again has its number again, also by the next process', (t) => {
  const { gaps, numbering, take, kept } = newGaps();
  numbering.count(50);
  numbering.rewind(20);
  gaps.add(gap(30, 2), 10);
  take(30);
  gaps.rewind();
  numbering.rewind(20);
  t.is(take(30)?.told?.sequence, 51);
  const next = newGaps(kept(), { offset: 0, sequence: 20 });
  t.is(next.take(30)?.told?.sequence, 51);
});

test('a record that was confirmed before a kill is not told again, though the list that was kept still has it', (t) => {
  const { gaps, take, kept } = newGaps();
  gaps.add(gap(30, 2), 30);
  take(30);
  t.true(newGaps(kept(), { offset: 30, sequence: 1 }).gaps.isEmpty);
  t.false(newGaps(kept(), { offset: 30, sequence: 0 }).gaps.isEmpty);
});

test('where a line was cut it is cut again, also by the next process; nothing is told of it', (t) => {
  const { gaps, take, kept } = newGaps();
  gaps.cut(30);
  t.true(gaps.isEmpty);
  t.is(take(30)?.reason as string, 'cut');
  t.true(gaps.isEmpty);
  t.is(newGaps(kept()).gaps.next, 30);
});

test('a record that was not permitted is not taken for told by the next process, and has a number behind all that may have gone before it', (t) => {
  const { gaps, take, kept } = newGaps([{ end: 10, reason: 'crash', to: { seconds: 1, nanos: 0 } }], { offset: 0, sequence: 4 });
  t.is(take(10)?.reason, 'crash');
  gaps.refused(5);
  gaps.settle();
  const after = newGaps(kept(), { offset: 20, sequence: 5 }, { offset: 30, sequence: 15 });
  t.like(after.take(20), { reason: 'crash', told: { sequence: 16 } });
});

test('a record that was not permitted stands where it goes in the end, with a number of its own', (t) => {
  const { gaps, numbering, take } = newGaps();
  gaps.add(gap(10, 1), 0);
  take(10);
  gaps.refused(1);
  t.is(take(60), undefined);
  numbering.count(5);
  t.true(gaps.confirmed(6));
  const { end, told } = take(60) as Gap;
  t.deepEqual([end, told?.sequence], [60, 7]);
  gaps.close();
});
