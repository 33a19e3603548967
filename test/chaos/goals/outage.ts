/** NATS is away, or behind a slow link, while containers write. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/wait.ts';
import { Bed, startProxy, startServer } from '../bed.ts';
import { closeBooks } from '../books.ts';
import { mib, round, type Figures, type Run } from '../goal.ts';

const total = (lines: readonly number[]): number => lines.reduce((sum, each) => sum + each, 0);

/** Nothing listens; then it does, and the backlog goes out while the containers write on. */
export async function outage({ isFull }: Run): Promise<Figures> {
  const linesPerSecond = 10_000;
  const server = await startServer();
  const proxy = await startProxy(server.port);
  const bed = await Bed.start(proxy.url, { env: { NATS_BUFFER_DISK_SIZE: '8g' }, lineBytes: 200 });
  await bed.subscribe(server.url);
  await bed.start(4);
  let drained = 0;
  await bed.pace(linesPerSecond, async () => {
    await sleep((isFull ? 600 : 20) * 1000);
    const backlog = total((await bed.feed.count()).written);
    await proxy.accept();
    await until('the driver has found the server', () => proxy.open > 0, 30_000);
    const start = performance.now();
    await until('the backlog is delivered', () => bed.ledger.received() >= backlog, 600_000);
    drained = backlog / (performance.now() - start) * 1000;
  });
  const { slowestWriteMs, lateMs } = await bed.feed.count();
  const rss = bed.plugin.peakMemory;
  const books = await closeBooks(bed);
  return { ...books, rss_mib: mib(rss), slowest_write_ms: round(slowestWriteMs), feeder_late_ms: round(lateMs), 'min drain_factor': round(drained / linesPerSecond) };
}

/** 1 Mbit/s, in bytes. */
const SLOW = 125_000;

/** More is written than the link takes: the rest waits on disk, memory does not grow, and nobody takes the server for dead. */
export async function slowLink({ isFull }: Run): Promise<Figures> {
  const server = await startServer();
  const proxy = await startProxy(server.port);
  await proxy.accept();
  const bed = await Bed.start(proxy.url, { env: { NATS_BUFFER_DISK_SIZE: '8g' } });
  await bed.subscribe(server.url);
  await bed.start(4);
  const memory: number[] = [];
  const warmUpSeconds = 10;
  const seconds = isFull ? 600 : 30;
  await bed.pace(2000, async () => {
    // Code is compiled and pools are filled at full speed.
    await sleep(warmUpSeconds * 1000);
    proxy.throttle(SLOW);
    for (let second = 0; second < seconds; second++) {
      await sleep(1000);
      memory.push(bed.plugin.memory);
    }
  });
  const waiting = total((await bed.feed.count()).written) - bed.ledger.received();
  const connections = proxy.accepted;
  proxy.restore();
  const books = await closeBooks(bed);
  return { ...books, stale_disconnects: connections - 1, slope_mib_per_minute: round(slope(memory) * 60 / 2 ** 20), rss_mib: mib(Math.max(...memory)), 'min waiting': waiting };
}

/** Of a line through the second half of the values: per step. Least squares. */
function slope(all: readonly number[]): number {
  const values = all.slice(Math.floor(all.length / 2));
  const middle = (values.length - 1) / 2;
  const mean = total(values) / values.length;
  const covariance = total(values.map((value, i) => (i - middle) * (value - mean)));
  return covariance / total(values.map((_, i) => (i - middle) ** 2));
}
