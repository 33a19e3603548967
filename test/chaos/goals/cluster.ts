/** Servers of a cluster that hang, die, or lead no more. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startNatsCluster } from '../../support/nats-cluster.ts';
import { startNatsProcess } from '../../support/nats-process.ts';
import type { NatsOptions, NatsServer } from '../../support/nats-server.ts';
import type { Stream } from '../../support/stream.ts';
import { until } from '../../support/wait.ts';
import { Bed, makeStream } from '../bed.ts';
import { closeBooks } from '../books.ts';
import { atEnd } from '../clean-up.ts';
import { round, type Figures, type Run } from '../goal.ts';

function cluster(size: number, configOf: (options: NatsOptions) => string): Promise<NatsServer[]> {
  return startNatsCluster(async (options) => {
    const node = await startNatsProcess({ ...options, config: configOf(options) });
    atEnd(() => node.stop());
    return node;
  }, size);
}

/**
 * nats-server 2.9.10 may store nothing any more after such a treatment, for no client: its leader says "high message lag", and answers nobody
 * until another one is elected.
 */
const STALLED_MS = 60_000;

/** Runs that wait most of the time, several at once. */
const HUNG_AT_A_TIME = 4;

export async function hungNode({ isFull }: Run): Promise<Figures> {
  const results: Figures[] = [];
  for (let left = isFull ? 20 : 1; left > 0; left -= HUNG_AT_A_TIME) {
    results.push(...await Promise.all(Array.from({ length: Math.min(left, HUNG_AT_A_TIME) }, hangOnce)));
  }
  const most = (name: string): number => Math.max(...results.map((figures) => figures[name] ?? Number.NaN));
  return { failover_s: most('failover_s'), lost: most('lost'), unaccounted: most('unaccounted'), corrupted: most('corrupted'), dropped: most('dropped'), runs: results.length };
}

/** How long until lines arrive over the other node. */
async function hangOnce(): Promise<Figures> {
  const [one, two] = await cluster(2, () => '') as [NatsServer, NatsServer];
  const bed = await Bed.start(`${one.url},${two.url}`);
  await bed.start(2);
  const used = String((await bed.plugin.logged('connected to NATS'))['server']);
  const [hung, other] = used.endsWith(`:${one.port}`) ? [one, two] : [two, one];
  await bed.subscribe(other.url);
  let failover = 0;
  await bed.pace(4000, async () => {
    await until('lines arrive', () => bed.ledger.received() > 4000, 30_000);
    await hung.pause();
    const before = performance.now();
    // What the node had taken may still come.
    await sleep(1000);
    const received = bed.ledger.received();
    await until('lines arrive over the other node', () => bed.ledger.received() > received + 4000, 60_000);
    failover = performance.now() - before;
  });
  const books = await closeBooks(bed);
  await hung.resume();
  return { ...books, failover_s: round(failover / 1000) };
}

/** A replicated stream: its leader steps down every two seconds, or a node is killed; in the long form also stopped for a while. */
export async function replicas({ isFull, random }: Run): Promise<Figures> {
  const nodes = await cluster(3, ({ cluster }) => `server_name: n${cluster?.port}\njetstream { store_dir: "jetstream" }\n`);
  const urls = nodes.map(({ url }) => url);
  const stream = await makeStream(urls, { num_replicas: 3 });
  const bed = await Bed.start(urls.join(','), { env: { NATS_TRANSPORT: 'jetstream' } });
  await bed.start(2);
  let kills = 0;
  let pauses = 0;
  await bed.pace(1000, async () => {
    for (const end = performance.now() + (isFull ? 600 : 25) * 1000; performance.now() < end;) {
      await sleep(2000);
      const node = nodes[Math.floor(random() * nodes.length)] as NatsServer;
      const what = random();
      if (what < 0.15) {
        kills++;
        await node.kill();
        await sleep(500);
        await node.start();
      } else if (isFull && what < 0.3) {
        pauses++;
        await node.pause();
        await sleep(1000 + random() * 5000);
        await node.resume();
      } else {
        await stream.stepDown();
      }
    }
  });
  const over = new AbortController();
  const stalls = helpStalled(stream, over.signal);
  await bed.end().finally(() => over.abort());
  return { ...await closeBooks(bed, { stream }), kills, pauses, stalls: await stalls };
}

/** Does what somebody on call would do, until `signal`: returns how often. */
async function helpStalled(stream: Stream, signal: AbortSignal): Promise<number> {
  let stalls = 0;
  for (let before = -1; !signal.aborted;) {
    const stored = await stream.count();
    if (stored === before) {
      stalls++;
      await stream.stepDown();
    }
    before = stored;
    await sleep(STALLED_MS, undefined, { signal }).catch(() => undefined);
  }
  return stalls;
}
