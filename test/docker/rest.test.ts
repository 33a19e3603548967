import test from 'ava';
import { Rest, type Rested } from '../../src/docker/rest.ts';

/** A second of `pipes` pipes, in each of which `bytes` were found `finds` times. */
function second(rest: Rest, now: number, pipes: readonly Rested[], finds: number, bytes: number): number {
  for (let i = 0; i < finds; i++) for (const pipe of pipes) rest.found(pipe, bytes);
  rest.update(now);
  return rest.ms;
}

/** Where they say little, it takes two seconds to get to the longest rest. */
function quiet(rest: Rest, pipes: readonly Rested[]): number {
  second(rest, 1000, pipes, 20, 200);
  return second(rest, 2000, pipes, 20, 200);
}

const some = (count: number): Rested[] => Array.from({ length: count }, () => ({ foundIn: 0 }));

test('a few containers are looked at every millisecond, whatever they say', (t) => {
  const rest = new Rest();
  const pipes = some(10);
  t.is(rest.ms, 1);
  for (const [i, bytes] of [200, 400, 20_000].entries()) t.is(second(rest, (i + 1) * 1000, pipes, 1000, bytes), 1);
});

test('the more containers say little, the longer they rest, up to 150 ms', (t) => {
  for (const [count, ms] of [[20, 3], [100, 27], [500, 147], [1000, 150], [10_000, 150]] as const) {
    t.is(quiet(new Rest(), some(count)), ms, `${count} containers`);
  }
});

test('they rest only as long as it takes to find four KiB in each', (t) => {
  const rest = new Rest();
  const pipes = some(1000);
  t.is(second(rest, 1000, pipes, 20, 2048), 2);
  t.is(second(rest, 2000, pipes, 20, 4096), 2);
  t.is(second(rest, 3000, pipes, 20, 1024), 8);
  t.is(second(rest, 4000, pipes, 20, 8192), 4);
  t.is(second(rest, 5000, pipes, 20, 64 * 1024), 1);
});

test('a full pipe ends a long rest at once', (t) => {
  const rest = new Rest();
  t.is(quiet(rest, some(500)), 147);
  rest.shorten();
  t.is(rest.ms, 1);
});

test('within a second nothing changes, nor does a second in which nothing was found', (t) => {
  const rest = new Rest();
  const pipes = some(500);
  t.is(quiet(rest, pipes), 147);
  t.is(second(rest, 2999, pipes, 20, 20_000), 147);
  rest.update(3000);
  t.is(rest.ms, 30);
  rest.update(4000);
  t.is(rest.ms, 30);
});

test('containers that become silent are not counted any more', (t) => {
  const rest = new Rest();
  const pipes = some(500);
  t.is(quiet(rest, pipes), 147);
  t.is(second(rest, 3000, pipes.slice(0, 20), 20, 200), 3);
});
