import test from 'ava';
import { lastMessages } from '../../src/nats/last-lines.ts';
import type { ReadMessage } from '../../src/nats/reader.ts';

/** A stream with the positions 1 to `last`, and the windows that are read of it. */
function stream(last: number, first = 1): { positions: { first: number; last: number }; windows: string[]; read: (from: number, to: number) => AsyncIterable<ReadMessage> } {
  const windows: string[] = [];
  return {
    positions: { first, last },
    windows,
    async *read(from, to) {
      windows.push(`${from}-${to}`);
      for (let position = from; position <= to; position++) yield { subject: 's', data: new Uint8Array(), position };
    },
  };
}

const positionsOf = (messages: readonly ReadMessage[]): (number | undefined)[] => messages.map(({ position }) => position);

test('the last messages are read in one window when all are wanted', async (t) => {
  const { positions, windows, read } = stream(10_000);
  t.deepEqual(positionsOf(await lastMessages(positions, 3, () => true, read)), [9998, 9999, 10_000]);
  t.deepEqual(windows, ['9501-10000']);
});

test('windows grow towards the beginning until there are enough', async (t) => {
  const { positions, windows, read } = stream(10_000);
  const isWanted = ({ position = 0 }: ReadMessage): boolean => position % 1000 === 0;
  t.deepEqual(positionsOf(await lastMessages(positions, 3, isWanted, read)), [8000, 9000, 10_000]);
  t.deepEqual(windows, ['9501-10000', '7501-9500']);
});

test('a stream that has fewer is read as a whole', async (t) => {
  const { positions, windows, read } = stream(600, 50);
  t.deepEqual(positionsOf(await lastMessages(positions, 3, ({ position }) => position === 60, read)), [60]);
  t.deepEqual(windows, ['101-600', '50-100']);
});

test('nothing is read of an empty stream, or for nothing', async (t) => {
  const { windows, read } = stream(0);
  t.deepEqual(await lastMessages({ first: 1, last: 0 }, 3, () => true, read), []);
  t.deepEqual(await lastMessages({ first: 1, last: 9 }, 0, () => true, read), []);
  t.deepEqual(windows, []);
});
