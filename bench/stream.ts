/** Into a stream of JetStream with file storage, every line acknowledged. */
import { connect, StorageType } from 'nats';
import { until } from '../test/support/wait.ts';
import type { Bed } from './bed.ts';
import { feed } from './feeding.ts';
import type { Figures } from './figures.ts';
import { totalLines, type Load } from './load.ts';

const NAME = 'LOGS';
const STORED_MS = 60_000;

/** Counts what the stream has; `warmUp` is stored first and forgotten. */
export async function feedStream(bed: Bed, warmUp: Load, load: Load): Promise<Figures> {
  const client = await connect({ servers: `127.0.0.1:${bed.port}` });
  try {
    const { streams } = await client.jetstreamManager();
    await streams.add({ name: NAME, subjects: ['bench.>'], storage: StorageType.File });
    const stored = (lines: number) => async (): Promise<void> => {
      await until('every line is stored', async () => (await streams.info(NAME)).state.messages === lines, STORED_MS);
    };
    await feed(bed, warmUp, stored(totalLines(warmUp)));
    return await feed(bed, load, stored(totalLines(warmUp) + totalLines(load)));
  } finally {
    await client.close();
  }
}
