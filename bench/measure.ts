/** One run: a fresh nats-server, a fresh driver, a warm-up, then what the scenario is about, with what each process used. */
import { withBed } from './bed.ts';
import { feed } from './feeding.ts';
import type { Figures } from './figures.ts';
import type { Scenario } from './load.ts';
import { liveShortly } from './short-lived.ts';
import { feedStream } from './stream.ts';
import type { Program } from './systems.ts';
import type { Workshop } from './workshop.ts';

/** Rejects when a line is missing, doubled, out of order or not as expected. */
export async function measure(workshop: Workshop, program: Program, { load, warmUp, kind }: Scenario): Promise<Figures> {
  return await withBed(workshop, program, kind === 'stream' ? { transport: 'jetstream' } : {}, async (bed) => {
    if (kind === 'stream') return await feedStream(bed, warmUp, load);
    await feed(bed, warmUp);
    const figures = kind === 'short-lived' ? await liveShortly(bed, load) : await feed(bed, load);
    return { ...figures, startMs: bed.startMs };
  });
}
