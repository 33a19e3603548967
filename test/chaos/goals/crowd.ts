/** Many containers, and one that is louder than all others. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicros } from '../../../bench/usage.ts';
import { Bed, startServer } from '../bed.ts';
import { closeBooks } from '../books.ts';
import { mib, round, type Figures, type Run } from '../goal.ts';

export async function many(run: Run): Promise<Figures> {
  const figures = await busyCrowd(run);
  return run.isFull ? { ...figures, ...await idleCrowd() } : figures;
}

/** For code to be compiled, here as well as in the driver. */
const WARM_UP_MS = 5000;

async function busyCrowd({ isFull }: Run): Promise<Figures> {
  const server = await startServer();
  const bed = await Bed.start(server.url);
  await bed.subscribe(server.url);
  const containers = await bed.start(1000);
  await bed.pace(20_000, async () => {
    await sleep(WARM_UP_MS);
    bed.ledger.forgetLatencies();
    await sleep((isFull ? 300 : 20) * 1000);
  });
  const rss = bed.plugin.peakMemory;
  const { lateMs } = await bed.feed.count();
  const books = await closeBooks(bed);
  return { ...books, rss_mib: mib(rss), latency_p50_ms: bed.ledger.latency(0.5), latency_p99_ms: bed.ledger.latency(0.99), feeder_late_ms: round(lateMs), containers: containers.length };
}

/** 10,000 that say nothing; then a hundred of them write. */
async function idleCrowd(): Promise<Figures> {
  const server = await startServer();
  const bed = await Bed.start(server.url);
  await bed.subscribe(server.url);
  const containers = await bed.start(10_000);
  await sleep(10_000);
  const [micros, start] = [cpuMicros(bed.plugin.pid), performance.now()];
  await sleep(60_000);
  const idle = (cpuMicros(bed.plugin.pid) - micros) / (performance.now() - start) / 1000;
  await bed.feed.pace(0, 100, 10_000);
  await sleep(60_000);
  await bed.feed.halt();
  const rss = bed.plugin.peakMemory;
  const { lost, unaccounted } = await closeBooks(bed);
  return {
    idle_lost: lost as number, idle_unaccounted: unaccounted as number, idle_rss_mib: mib(rss), idle_cpu_percent: Math.round(idle * 10_000) / 100, idle_containers: containers.length,
  };
}

/** The lines of those that write little are timed; the flood is only accounted for. */
export async function fairness({ isFull }: Run): Promise<Figures> {
  const quiet = 50;
  const server = await startServer();
  const bed = await Bed.start(server.url);
  // The flood goes past this process.
  await bed.subscribe(server.url, {}, 'quiet.>');
  await bed.start(quiet, { 'nats-subject': 'quiet.{{.Name}}' });
  const [flooder] = await bed.start(1);
  if (flooder === undefined) throw new Error('there is no flooder');
  await bed.feed.flood(flooder.index);
  await bed.feed.pace(0, quiet, 500);
  await sleep((isFull ? 300 : 15) * 1000);
  await bed.feed.halt();
  const books = await closeBooks(bed, { unseen: [flooder.index] });
  return { ...books, quiet_p50_ms: bed.ledger.latency(0.5), quiet_p99_ms: bed.ledger.latency(0.99) };
}
