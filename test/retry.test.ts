import { mock } from 'node:test';
import test from 'ava';
import { Retry } from '../src/retry.ts';
import { withTimers } from './support/timers.ts';

/** Each attempt is in vain; returns the pauses before the attempts, in seconds. */
function pauses(retry: Retry, attempts: () => number, most: number): readonly number[] {
  const list: number[] = [];
  for (let before = attempts(), waited = 0; list.length < most && retry.isWaiting;) {
    mock.timers.tick(1000);
    waited++;
    if (attempts() === before) continue;
    list.push(waited);
    before = attempts();
    waited = 0;
    if (!retry.wait(true)) break;
  }
  return list;
}

test.serial('attempts that are in vain come at growing pauses, up to five minutes, for as long as the session lives', withTimers(async (t) => {
  let attempts = 0;
  const retry = new Retry(() => attempts++);
  retry.wait(false);
  t.deepEqual(pauses(retry, () => attempts, 12), [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  retry.hasten();
}));

test.serial('when the session has ended the pauses begin anew, and end with the longest', withTimers(async (t) => {
  let attempts = 0;
  const retry = new Retry(() => attempts++);
  retry.wait(false);
  pauses(retry, () => attempts, 11);
  retry.last();
  t.deepEqual(pauses(retry, () => attempts, 100), [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
  t.false(retry.isWaiting);
  retry.last();
  t.false(retry.isWaiting, 'said twice, it is not given more');
}));

test.serial('lines that are not permitted put an attempt off, for it would be in vain, and make no pause longer', withTimers(async (t) => {
  let attempts = 0;
  const retry = new Retry(() => attempts++);
  for (let i = 0; i < 100; i++) {
    retry.wait(false);
    mock.timers.tick(999);
  }
  t.is(attempts, 0);
  mock.timers.tick(1);
  t.is(attempts, 1);
}));

test.serial('what is permitted makes the pauses short again, and says whether anything has waited', withTimers(async (t) => {
  let attempts = 0;
  const retry = new Retry(() => attempts++);
  t.false(retry.reset());
  retry.wait(false);
  pauses(retry, () => attempts, 5);
  t.true(retry.reset());
  t.false(retry.isWaiting);
  retry.wait(false);
  t.deepEqual(pauses(retry, () => attempts, 1), [1]);
  retry.hasten();
}));
