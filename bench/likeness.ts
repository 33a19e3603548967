/** Before anything is measured: does a driver publish what the others publish, of lines that are not as simple as those that are fed? */
import { isDeepStrictEqual } from 'node:util';
import { connect } from 'nats';
import { encodeFrame, entriesOf } from '../test/support/log-entry.ts';
import { until } from '../test/support/wait.ts';
import { withBed } from './bed.ts';
import { infoOf } from './line.ts';
import type { Program } from './systems.ts';
import type { Workshop } from './workshop.ts';

const LONG = 'a line of more than 16 KiB, which the engine cuts; '.repeat(800);

interface Said {
  readonly source: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
  readonly text: string;
}

function said(source: Said['source'], text: string, bytes: Uint8Array = Buffer.from(text)): Said {
  return { source, bytes, text };
}

const LINES: readonly Said[] = [
  said('stdout', 'plain'),
  said('stderr', 'quotation "marks", back\\slashes, </script>'),
  said('stdout', String.fromCharCode(...Array.from({ length: 128 }, (_, i) => i).filter((code) => code !== 10))),
  said('stdout', 'naïve 日志 🪵 \u2028'),
  said('stderr', 'bad \ufffd\ufffda\ufffd', Buffer.from([0x62, 0x61, 0x64, 0x20, 0xff, 0xc3, 0x61, 0xe2])),
  said('stdout', LONG),
];

/** Rejects when it does not. */
export async function checkLikeness(workshop: Workshop, program: Program): Promise<void> {
  await withBed(workshop, program, {}, async ({ port, engine }) => {
    const client = await connect({ servers: `127.0.0.1:${port}` });
    const arrived: unknown[] = [];
    client.subscribe('bench.>', { callback: (_, message) => arrived.push(message.json()) });
    await client.flush();
    try {
      const info = infoOf(0);
      const logger = engine.createFifo();
      await engine.call('LogDriver.StartLogging', { File: logger.file, Info: info });
      for (const { source, bytes } of LINES) {
        await logger.write(Buffer.concat(entriesOf(source, Buffer.concat([bytes, Buffer.from('\n')]), 1_700_000_000_000_000_001n).map(encodeFrame)));
      }
      await logger.stopLogging();
      await until('every line arrives', () => arrived.length >= LINES.length);
      LINES.forEach(({ source, text }, i) => {
        const { time, text: theirs, source: from } = arrived[i] as Record<string, string>;
        if (!isDeepStrictEqual([time, theirs, from], ['2023-11-14T22:13:20.000000001Z', text, source])) {
          throw new Error(`another message than expected: ${JSON.stringify(arrived[i]).slice(0, 500)}`);
        }
      });
    } finally {
      await client.close();
    }
  });
}
