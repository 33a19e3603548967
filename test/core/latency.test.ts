import test from 'ava';
import { Latency } from '../../src/core/latency.ts';

test('observations are counted up to each bound', (t) => {
  const latency = new Latency();
  for (const seconds of [0.001, 0.002, 0.2, 1e6]) latency.observe(seconds);
  const { buckets, count, sum_seconds } = latency.status();
  const upTo = (le: number): number | undefined => buckets.find((bucket) => bucket.le === le)?.count;
  t.deepEqual([upTo(0.001), upTo(0.0025), upTo(0.1), upTo(0.25), upTo(86_400)], [1, 2, 2, 3, 3]);
  t.is(count, 4, 'what lies above the last bound is counted, too');
  t.is(sum_seconds, 1_000_000.203);
});

test('a clock that was set back makes no negative duration', (t) => {
  const latency = new Latency();
  latency.observe(-3600);
  t.is(latency.status().sum_seconds, 0);
  t.is(latency.status().buckets[0]?.count, 1);
});

test('quantiles lie in the bucket of their observation', (t) => {
  const latency = new Latency();
  for (let i = 0; i < 98; i++) latency.observe(0.004);
  for (let i = 0; i < 2; i++) latency.observe(7);
  const { p50_seconds = NaN, p99_seconds = NaN } = latency.status();
  t.true(p50_seconds > 0.0025 && p50_seconds <= 0.005, `${p50_seconds}`);
  t.true(p99_seconds > 5 && p99_seconds <= 10, `${p99_seconds}`);
});

test('what was never observed has no quantiles', (t) => {
  t.false('p50_seconds' in new Latency().status());
});
