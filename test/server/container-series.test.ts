import test from 'ava';
import { ContainerSeries, OTHERS } from '../../src/server/container-series.ts';
import type { SessionStatus } from '../../src/core/status.ts';
import { countsOf, sessionOf, statusOf } from '../support/status.ts';

function session(container: string, bytes: number, lines: number, started = '2026-03-14T00:00:00Z'): SessionStatus {
  return sessionOf(container, { bytes_read: bytes, started_at: started, counts: countsOf({ lines_confirmed: lines }) });
}

function lines(series: ContainerSeries, ...sessions: SessionStatus[]): Record<string, number> {
  return Object.fromEntries([...series.update(statusOf({ sessions }))].map(([name, { linesConfirmed }]) => [name, linesConfirmed]));
}

test('the busiest containers have their own series, the others share one', (t) => {
  const series = new ContainerSeries(() => 2);
  t.deepEqual(lines(series, session('a', 100, 10), session('b', 300, 30), session('c', 200, 20), session('d', 50, 5)),
    { b: 30, c: 20, [OTHERS]: 15 });
});

test('no series ever goes down, whoever is busiest', (t) => {
  const series = new ContainerSeries(() => 1);
  t.deepEqual(lines(series, session('a', 100, 10), session('b', 50, 5)), { a: 10, [OTHERS]: 5 });
  t.deepEqual(lines(series, session('a', 100, 12), session('b', 200, 25)), { b: 20, [OTHERS]: 7 });
  t.deepEqual(lines(series, session('a', 100, 12), session('b', 200, 26)), { b: 21, [OTHERS]: 7 });
});

test('the series of a container that ended goes, and its place is another\'s', (t) => {
  const series = new ContainerSeries(() => 1);
  lines(series, session('a', 100, 10), session('b', 50, 5));
  t.deepEqual(lines(series, session('b', 60, 6)), { b: 1, [OTHERS]: 5 });
});

test('a container that was started again goes on with its series', (t) => {
  const series = new ContainerSeries(() => 1);
  lines(series, session('a', 100, 10));
  t.deepEqual(lines(series, session('a', 30, 3, '2026-03-15T00:00:00Z')), { a: 13 });
});

test('several sessions of one container are one series', (t) => {
  const series = new ContainerSeries(() => 5);
  t.deepEqual(lines(series, session('a', 100, 10), session('a', 30, 3, '2026-03-15T00:00:00Z')), { a: 13 });
});

test('with no series at all everything is the others\'', (t) => {
  t.deepEqual(lines(new ContainerSeries(() => 0), session('a', 100, 10)), { [OTHERS]: 10 });
});
