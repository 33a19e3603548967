/**
 * `npm run bench:kills [-- --kills N]`: what `kill -9` of the driver costs at 10,000 lines/s, for each way of reading and keeping lines, side by side.
 * The kills come at random moments; what arrives is compared with what was written, line by line.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FakeEngine } from '../test/support/fake-engine.ts';
import { encodeFrame, entriesOf } from '../test/support/log-entry.ts';
import { startNatsProcess } from '../test/support/nats-process.ts';
import { Oracle } from '../test/support/oracle.ts';
import { PluginProcess } from '../test/support/plugin-process.ts';
import { Subscriber } from '../test/support/subscriber.ts';

const CONTAINERS = 4;
/** A burst of each container every 10 ms. */
const BURST_LINES = 25;
const BURST_MS = 10;
/** A driver lives between … and … after it listens. */
const LIFE_MS = [20, 400] as const;

const WAYS: Readonly<Record<string, NodeJS.ProcessEnv>> = {
  'disk, spliced': { NATS_BUFFER: 'disk' },
  'disk, copied': { NATS_BUFFER: 'disk', NODE_OPTIONS: '--no-experimental-ffi' },
  'memory': { NATS_BUFFER: 'memory' },
};

async function run(env: NodeJS.ProcessEnv, kills: number): Promise<string> {
  const nats = await startNatsProcess({});
  const plugin = await PluginProcess.start({ NATS_SUBJECT: 'logs.{{.Name}}', NATS_SERVERS: nats.url, LOG_LEVEL: 'warn', ...env });
  const engine = new FakeEngine(plugin.socket);
  const oracle = new Oracle();
  const subscriber = await Subscriber.connect({ servers: nats.url }, ({ container_name: name, text, source }) => {
    // A record of what may be missing after a kill is none of the container's lines.
    if (source !== 'driver') oracle.receive(name, text);
  });
  try {
    let isOver = false;
    // A kill before StartLogging is answered is the engine's affair: the container does not start then.
    const loggers = await Promise.all(Array.from({ length: CONTAINERS }, async (_, i) => {
      const name = `web${i}`;
      return { name, logger: await engine.startLogging({}, { ContainerName: `/${name}`, ContainerID: String(i).repeat(64) }) };
    }));
    const containers = loggers.map(async ({ name, logger }) => {
      while (!isOver) {
        await logger.write(Buffer.concat(entriesOf('stdout', oracle.write(name, BURST_LINES).map((line) => `${line}\n`).join('')).map(encodeFrame)));
        await sleep(BURST_MS);
      }
    });
    for (let i = 0; i < kills; i++) {
      await sleep(LIFE_MS[0] + Math.random() * (LIFE_MS[1] - LIFE_MS[0]));
      await plugin.kill();
      await plugin.startAgain();
    }
    isOver = true;
    await Promise.all(containers);
    const { lost, reordered, corrupted } = await oracle.settle();
    return `${kills} | ${oracle.received() + lost} | ${lost} | ${oracle.duplicates} | ${reordered} | ${corrupted}`;
  } finally {
    engine.close();
    await subscriber.close();
    await plugin.remove();
    await nats.stop();
  }
}

const { values } = parseArgs({ options: { kills: { type: 'string', default: '200' } } });
console.log('| buffer | kills | lines | lost | twice | out of order | corrupted |\n|---|---:|---:|---:|---:|---:|---:|');
for (const [name, env] of Object.entries(WAYS)) console.log(`| ${name} | ${await run(env, Number(values.kills))} |`);
