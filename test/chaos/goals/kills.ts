/** The driver and the server are killed while containers write into a stream. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/wait.ts';
import { Bed, makeStream, startServer } from '../bed.ts';
import { closeBooks } from '../books.ts';
import type { Figures, Run } from '../goal.ts';

const JETSTREAM = { NATS_TRANSPORT: 'jetstream' };

/** From … to … until the next kill. */
const LIFE_MS = [20, 420] as const;

/** So many kills do not wait until the driver has found its sessions again. */
const WHILE_RECOVERING = 0.2;

interface Kills {
  readonly count: number;
  readonly linesPerSecond: number;
  /** What is killed: a number from 0 to 1 decides. */
  readonly choose: (random: number) => readonly ('driver' | 'server')[];
}

async function kills({ random }: Run, { count, linesPerSecond, choose }: Kills): Promise<Figures> {
  const server = await startServer();
  const stream = await makeStream(server.url);
  const bed = await Bed.start(server.url, { env: JETSTREAM });
  await bed.start(4);
  const ends = {
    driver: { kill: () => bed.plugin.kill(), startAgain: () => bed.plugin.startAgain() },
    server: { kill: () => server.kill(), startAgain: () => server.start() },
  };
  let restored = 0;
  await bed.pace(linesPerSecond, async () => {
    for (let i = 0; i < count; i++) {
      if (random() > WHILE_RECOVERING) await until('the driver reads', () => bed.plugin.log('sessions restored').length >= restored, 30_000);
      await sleep(LIFE_MS[0] + random() * (LIFE_MS[1] - LIFE_MS[0]));
      const killed = choose(random()).map((which) => ends[which]);
      await Promise.all(killed.map(({ kill }) => kill()));
      restored = bed.plugin.log('sessions restored').length + (killed.includes(ends.driver) ? 1 : 0);
      await Promise.all(killed.map(({ startAgain }) => startAgain()));
    }
  });
  return { ...await closeBooks(bed, { stream, wasKilled: true }), kills: count };
}

export function driverKills(run: Run): Promise<Figures> {
  return kills(run, { count: run.isFull ? 500 : 60, linesPerSecond: 10_000, choose: () => ['driver'] });
}

/** The driver, the server, or both at once. */
export function bothKills(run: Run): Promise<Figures> {
  const choose = (random: number): ('driver' | 'server')[] => random < 1 / 3 ? ['driver'] : random < 2 / 3 ? ['server'] : ['driver', 'server'];
  return kills(run, { count: run.isFull ? 300 : 40, linesPerSecond: 4000, choose });
}
