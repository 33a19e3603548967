/** Containers that end as soon as they have begun, one after the other: start, a hundred lines, stop at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFrame, nowNano } from '../test/support/log-entry.ts';
import { startReceiver, watch, type Bed } from './bed.ts';
import type { Figures } from './figures.ts';
import { infoOf, numberedLine } from './line.ts';
import { totalLines, type Load } from './load.ts';
import { quantile } from './statistics.ts';

/** So that no container meets the work that the one before has left behind. */
const PAUSE_MS = 2;

export async function liveShortly(bed: Bed, load: Load): Promise<Figures> {
  const { containers, linesEach, lineBytes } = load;
  const infos = Array.from({ length: containers }, (_, i) => infoOf(i));
  const { child: receiver } = await startReceiver(bed, infos, linesEach, lineBytes);
  const frames = Buffer.concat(Array.from({ length: linesEach }, (_, i) =>
    encodeFrame({ source: 'stdout', timeNano: nowNano(), line: Buffer.from(numberedLine(lineBytes, i)) })));
  const used = watch(bed, totalLines(load), [receiver.pid]);
  const starts: number[] = [];
  const stops: number[] = [];
  try {
    for (const info of infos) {
      const logger = bed.engine.createFifo();
      starts.push(await timed(() => bed.engine.call('LogDriver.StartLogging', { File: logger.file, Info: info })));
      await logger.write(frames);
      stops.push(await timed(() => logger.stopLogging()));
      await sleep(PAUSE_MS);
    }
    const { messageBytes } = await receiver.report('received', bed.signal);
    return {
      startP50Ms: quantile(starts, 0.5), startP99Ms: quantile(starts, 0.99), stopP50Ms: quantile(stops, 0.5), stopP99Ms: quantile(stops, 0.99),
      ...used(), messageBytes,
    };
  } finally {
    receiver.kill();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
