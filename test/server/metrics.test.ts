import test from 'ava';
import { Latency } from '../../src/core/latency.ts';
import type { DriverStatus } from '../../src/core/status.ts';
import { metricList, PREFIX } from '../../src/server/metric-list.ts';
import { Metrics } from '../../src/server/metrics.ts';
import { promtool, sampleOf, samplesOf } from '../support/promtool.ts';
import { connectionOf, countsOf, sessionOf, statusOf } from '../support/status.ts';

/** Everything that there can be. */
function richStatus(): DriverStatus {
  const latency = new Latency();
  for (const seconds of [0.002, 0.03, 4]) latency.observe(seconds);
  const dropped = { ...countsOf().lines_dropped, 'overflow': 7, 'gave-up': 2 };
  return statusOf({
    totals: { core: countsOf({ lines_read: 100, lines_confirmed: 91, lines_dropped: dropped }), jetstream: countsOf() },
    delivery_latency: { core: latency.status(), jetstream: new Latency().status() },
    sessions: [sessionOf('web', { bytes_read: 5000, counts: countsOf({ lines_confirmed: 91, lines_dropped: dropped }) }), sessionOf('db', { state: 'stopping' })],
    connections: [
      connectionOf({ round_trip_seconds: 0.001 }),
      connectionOf({ id: 2, servers: ['tls://[::1]:4222', 'nats://"quoted"\\host:1'], state: 'auth-failed' }),
    ],
  });
}

async function textOf(status: DriverStatus): Promise<string> {
  return await new Metrics(() => status, () => 10).text();
}

test('Prometheus accepts the metrics, their names, types, units and help', async (t) => {
  t.is(promtool(['check', 'metrics'], await textOf(richStatus())), '');
});

test('it would not accept others', (t) => {
  t.not(promtool(['check', 'metrics'], '# TYPE x counter\nx 1\n'), '');
  t.not(promtool(['check', 'metrics'], 'x{a="1} 1\n'), '');
});

test('each metric comes with the labels that it declares', async (t) => {
  const samples = samplesOf(await textOf(richStatus()));
  for (const { name, type, labels } of metricList) {
    const found = samples.filter((sample) => sample.name === `${PREFIX}${name}` || (type === 'histogram' && sample.name === `${PREFIX}${name}_count`));
    t.true(found.length > 0, `${name} has no sample`);
    for (const sample of found) t.deepEqual(Object.keys(sample.labels).sort(), [...labels].sort(), name);
  }
});

test('what is counted by transport, reason and container is told', async (t) => {
  const text = await textOf(richStatus());
  t.is(sampleOf(text, 'docker_nats_log_lines_confirmed_total', { transport: 'core' }), 91);
  t.is(sampleOf(text, 'docker_nats_log_lines_dropped_total', { transport: 'core', reason: 'overflow' }), 7);
  t.is(sampleOf(text, 'docker_nats_log_lines_dropped_total', { transport: 'jetstream', reason: 'overflow' }), 0, 'what never happened is 0, so that a rate sees the first');
  t.is(sampleOf(text, 'docker_nats_log_container_lines_dropped_total', { container: 'web' }), 9);
  t.is(sampleOf(text, 'docker_nats_log_sessions', { state: 'stopping' }), 1);
  t.is(sampleOf(text, 'docker_nats_log_connection_up', { connection: '2' }), 0);
  t.is(sampleOf(text, 'docker_nats_log_delivery_latency_seconds_bucket', { transport: 'core', le: '0.05' }), 2);
  t.is(sampleOf(text, 'docker_nats_log_delivery_latency_seconds_bucket', { transport: 'core', le: '+Inf' }), 3);
  t.is(sampleOf(text, 'docker_nats_log_delivery_latency_seconds_sum', { transport: 'core' }), 4.032);
});

test('the process tells of its CPU, memory and event loop', async (t) => {
  const text = await textOf(statusOf());
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']) {
    t.truthy(sampleOf(text, name) !== undefined, name);
  }
});

test('ten thousand containers make no more series than asked for', async (t) => {
  const sessions = Array.from({ length: 10_000 }, (_, i) => sessionOf(`c${i}`, { bytes_read: i }));
  const text = await new Metrics(() => statusOf({ sessions }), () => 200).text();
  t.is(samplesOf(text).filter(({ name }) => name === 'docker_nats_log_container_read_bytes_total').length, 201);
  t.is(sampleOf(text, 'docker_nats_log_container_read_bytes_total', { container: '_others' }), 9799 * 9800 / 2);
});
