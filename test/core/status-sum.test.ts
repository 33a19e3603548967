import test from 'ava';
import { Latency } from '../../src/core/latency.ts';
import { sumOfStatuses } from '../../src/core/status-sum.ts';
import { connectionOf, countsOf, sessionOf, statusOf } from '../support/status.ts';

const NONE = { connections: [], connection_totals: { connects: 0, losses: 0, failed_attempts: 0, watchdog_closes: 0, auth_failures: 0 } };
const WHOLE = { configuration: { loaded_at: '2026-03-14T15:09:26Z', in_force: true, loads: 2, refusals: 0 }, events: [] };

test('counts of all parts are added, reason by reason', (t) => {
  const parts = [1, 10].map((n) => statusOf({
    bytes_read: 1000 * n, sessions_started: 3 * n, sessions_ended: n,
    totals: {
      core: countsOf({ lines_read: 5 * n, lines_dropped: { ...countsOf().lines_dropped, overflow: n, shutdown: 2 * n } }),
      jetstream: countsOf({ lines_confirmed: 7 * n }),
    },
  }));
  const sum = sumOfStatuses(parts, NONE, WHOLE);
  t.like(sum, { workers: 2, bytes_read: 11_000, sessions_started: 33, sessions_ended: 11, configuration: WHOLE.configuration });
  t.deepEqual(sum.totals.core, countsOf({ lines_read: 55, lines_dropped: { ...countsOf().lines_dropped, overflow: 11, shutdown: 22 } }));
  t.is(sum.totals.jetstream.lines_confirmed, 77);
});

test('sessions of all parts are listed, the busiest first', (t) => {
  const parts = [
    statusOf({ sessions: [sessionOf('web', { bytes_read: 30 }), sessionOf('job', { bytes_read: 10 })] }),
    statusOf({ sessions: [sessionOf('db', { bytes_read: 20 })] }),
  ];
  t.deepEqual(sumOfStatuses(parts, NONE, WHOLE).sessions.map(({ container }) => container), ['web', 'db', 'job']);
});

test('no two connections have the same number, and each keeps its own', (t) => {
  const parts = [statusOf({ connections: [connectionOf({ id: 1 }), connectionOf({ id: 2 })] }), statusOf({ connections: [connectionOf({ id: 1 })] })];
  const own = { ...NONE, connections: [connectionOf({ id: 1 })] };
  t.deepEqual(sumOfStatuses(parts, own, WHOLE).connections.map(({ id }) => id), [1, 2, 5, 3]);
  const later = [statusOf({ connections: [connectionOf({ id: 2 })] }), statusOf({ connections: [connectionOf({ id: 1 }), connectionOf({ id: 3 })] })];
  t.deepEqual(sumOfStatuses(later, own, WHOLE).connections.map(({ id }) => id), [1, 5, 3, 9]);
});

test('what the parts keep is added, the room for it is one and the same, and one that fails is told of', (t) => {
  const journal = { memory: { bytes: 3, limit_bytes: 1000 }, oldest_age_seconds: 2 };
  const parts = [
    statusOf({ journal: { ...journal, disk: { bytes: 100, limit_bytes: 5000, is_failing: false } } }),
    statusOf({ journal: { ...journal, oldest_age_seconds: 8, disk: { bytes: 20, limit_bytes: 5000, is_failing: true, available_bytes: 700 } } }),
    statusOf({ journal: { ...journal, disk: { bytes: 0, limit_bytes: 5000, is_failing: false, available_bytes: 600 } } }),
  ];
  t.deepEqual(sumOfStatuses(parts, NONE, WHOLE).journal, {
    disk: { bytes: 120, limit_bytes: 5000, is_failing: true, available_bytes: 600 },
    memory: { bytes: 9, limit_bytes: 1000 },
    oldest_age_seconds: 8,
  });
});

test('histograms of the parts become the one of all observations', (t) => {
  const [all, one, other] = [new Latency(), new Latency(), new Latency()];
  [0.0005, 0.002, 0.002, 0.004, 0.03, 0.5, 7, 100_000].forEach((seconds, i) => {
    all.observe(seconds);
    (i % 3 === 0 ? one : other).observe(seconds);
  });
  const { buckets, count, p50_seconds, p99_seconds } = sumOfStatuses([one, other].map((latency) => statusOf({ start_latency: latency.status() })), NONE, WHOLE).start_latency;
  t.deepEqual({ buckets, count, p50_seconds, p99_seconds }, (({ sum_seconds: _, ...rest }) => rest)(all.status()));
  t.deepEqual(sumOfStatuses([statusOf(), statusOf()], NONE, WHOLE).start_latency, new Latency().status());
});
