/** Lines from the feeder through FIFOs and the driver to the receiver, at any pace. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FakeEngine } from '../test/support/fake-engine.ts';
import { startReceiver, watch, type Bed } from './bed.ts';
import type { Figures } from './figures.ts';
import { blankLine, infoOf } from './line.ts';
import { totalLines, type Load } from './load.ts';
import { GO } from './messages.ts';
import { built } from './systems.ts';

/** Whoever takes containers. */
export type Fed = Omit<Bed, 'engine'> & { readonly engine: Pick<FakeEngine, 'call'> };

/**
 * Rejects when a line is missing, doubled, out of order or not as expected. `settled`: lines count as delivered only when it has resolved,
 * not already when they have reached the receiver.
 */
export async function feed(bed: Fed, load: Load, settled?: () => Promise<void>): Promise<Figures> {
  const { workshop, engine, signal } = bed;
  const { containers, linesEach, lineBytes, linesPerSecond, framesPerWrite = 1 } = load;
  const isPaced = linesPerSecond > 0;
  const infos = Array.from({ length: containers }, (_, i) => infoOf(i));
  // No two FIFOs of an engine have the same path, ever.
  const fifos = workshop.folder('fifos');
  const files = infos.map((_, i) => join(fifos, `fifo-${i}`));
  const { child: receiver, shared } = await startReceiver(bed, infos, linesEach, lineBytes, isPaced);
  const feeder = workshop.spawn(built('feeder'), [
    ...[fifos, shared, containers, linesEach, linesPerSecond, framesPerWrite].map(String), blankLine(lineBytes),
  ]);
  try {
    await feeder.report('ready', signal);
    await Promise.all(files.map((File, i) => engine.call('LogDriver.StartLogging', { File, Info: infos[i] })));
    const used = watch(bed, totalLines(load), [receiver.pid, feeder.pid]);
    feeder.send(GO);
    const [fed, received] = await Promise.all([feeder.report('fed', signal), receiver.report('received', signal)]);
    const { firstMicros, messageBytes, p50Ms, p99Ms } = received;
    await settled?.();
    const lastMicros = settled === undefined ? received.lastMicros : clockMicros();
    const cost = used();
    await Promise.all(files.map((File) => engine.call('LogDriver.StopLogging', { File })));
    return {
      ...isPaced ? { p50Ms, p99Ms, feederLateMs: fed.latestMs } : { linesPerSecond: totalLines(load) * 1e6 / (lastMicros - firstMicros) },
      ...cost,
      messageBytes,
    };
  } finally {
    receiver.kill();
    feeder.kill();
    await Promise.all([receiver.ended, feeder.ended]);
    rmSync(fifos, { recursive: true });
  }
}

/** The clock of the tools. */
function clockMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
