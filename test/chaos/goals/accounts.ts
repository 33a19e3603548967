/** The accounting identity where lines are given up for every reason at once, and what becomes of lines when the disk is full. */
import { execFileSync } from 'node:child_process';
import { globSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/wait.ts';
import { Bed, startProxy, startServer, STORE } from '../bed.ts';
import { closeBooks, countedBy } from '../books.ts';
import { mountDisk, mountExt4 } from '../disk.ts';
import { nameOf } from '../line.ts';
import { round, type Figures, type Run } from '../goal.ts';

/**
 * NATS goes and comes, the driver ends and starts again, journals overflow, one container's subject is not permitted, another one's server is
 * never there. Each reason has its own count, and all counts together are what was written; whoever listens is told of each, in the end.
 */
export async function everyReason({ isFull, random }: Run): Promise<Figures> {
  const users = (denied: string): string => `authorization { users: [{ user: a, password: b, permissions: { publish: { deny: [${denied}] } } }] }\n`;
  const server = await startServer({ config: users('"denied.>"') });
  const proxy = await startProxy(server.port);
  await proxy.accept();
  const bed = await Bed.start(proxy.url, { env: { NATS_USER: 'a', NATS_PASS: 'b', NATS_BUFFER_CONTAINER_SIZE: '1m' } });
  await bed.subscribe(server.url, { user: 'a', pass: 'b' });
  await bed.subscribe(server.url, { user: 'a', pass: 'b' }, 'denied.>');
  await bed.start(4);
  const [denied] = await bed.start(1, { 'nats-subject': 'denied.{{.Name}}' });
  const [lonely] = await bed.start(1, { 'nats-servers': '127.0.0.1:1', 'nats-max-reconnect': '1' });
  if (denied === undefined || lonely === undefined) throw new Error('containers are missing');
  const rounds = isFull ? 20 : 3;
  await bed.pace(6000, async () => {
    for (let i = 0; i < rounds; i++) {
      await sleep(500 + random() * 1000);
      await proxy.refuse();
      // More than the journal of one container holds.
      for (const { index } of bed.containers.slice(0, 2)) await bed.feed.burst(index, 5000 + Math.floor(random() * 5000));
      if (random() < 0.7) {
        await bed.plugin.terminate();
        await sleep(random() * 300);
        await bed.plugin.startAgain();
      }
      await proxy.accept();
      await sleep(random() * 1500);
      proxy.cut();
    }
  });
  await server.reload(users('') + STORE);
  const books = await closeBooks(bed);
  const all = countedBy(bed).dropped;
  const heard = countedBy(bed, [0, 1, 2, 3, denied.index].map(nameOf)).dropped;
  return {
    ...books,
    misattributed: all['not-permitted'] - countedBy(bed, [nameOf(denied.index)]).dropped['not-permitted'] + all['gave-up'] - countedBy(bed, [nameOf(lonely.index)]).dropped['gave-up'],
    // The last one has no way to tell. A record that was not confirmed may come again as part of a larger one.
    untold: Math.max(0, heard.overflow + heard['not-permitted'] - bed.ledger.told), overflow: all.overflow, 'not-permitted': all['not-permitted'], 'gave-up': all['gave-up'],
  };
}

const DISK_BYTES = 64 * 2 ** 20;

/** Twice what the disk holds. */
const FLOOD_LINES = 500_000;

/**
 * The journals' disk is filled while NATS is away: what finds no room is given up, counted and told of. Then something else fills the disk, and
 * goes again: lines are kept there again.
 */
export async function fullDisk({ isFull }: Run): Promise<Figures> {
  const disk = isFull ? mountExt4(DISK_BYTES) : mountDisk(String(DISK_BYTES));
  const server = await startServer();
  const proxy = await startProxy(server.port);
  const bed = await Bed.start(proxy.url, { env: { NATS_BUFFER_SIZE: '4m' }, lineBytes: 250, within: disk });
  await bed.subscribe(server.url);
  const [container] = await bed.start(1);
  if (container === undefined) throw new Error('there is no container');
  const segments = (): number => globSync(join(bed.plugin.state, 'journals/*/*.seg')).reduce((sum, path) => sum + statSync(path).size, 0);
  let heal = 0;
  let onFullDisk = 0;
  for (let round = 0; round < (isFull ? 5 : 1); round++) {
    await bed.feed.burst(container.index, FLOOD_LINES);
    await proxy.accept();
    await until('what is left is delivered', async () => bed.ledger.received() + bed.ledger.told >= ((await bed.feed.count()).written[0] ?? 0), 120_000);
    await proxy.refuse();
    const ballast = join(disk, 'ballast');
    // Until there is no room left.
    execFileSync('sh', ['-c', `dd if=/dev/zero of=${ballast} bs=64k 2> /dev/null || :`]);
    const before = segments();
    await bed.feed.burst(container.index, 10_000);
    const kept = segments();
    onFullDisk += kept - before;
    rmSync(ballast);
    const since = performance.now();
    await until('lines are kept on the disk again', async () => {
      await bed.feed.burst(container.index, 100);
      return segments() > kept;
    }, 60_000);
    heal = Math.max(heal, performance.now() - since);
  }
  await proxy.accept();
  const books = await closeBooks(bed);
  return { ...books, untold: Math.abs((books['dropped'] as number) - bed.ledger.told), on_full_disk: onFullDisk, heal_s: round(heal / 1000) };
}
