/** The part of the walk-through that runs in the namespaces: an engine, then the page. */
import { connect } from 'nats';
import { output } from '../../plugin/command.ts';
import { Engine } from '../support/engine.ts';
import { BUSYBOX_IMAGE, provideBusybox } from '../support/images.ts';
import { walk } from './walk.ts';

const SERVICE = 'docker-nats-log-driver';

/** What `nats micro ls` asks. */
async function namesOfService(): Promise<readonly string[]> {
  const client = await connect({ servers: 'nats://127.0.0.1:4222' });
  try {
    const names: string[] = [];
    for await (const message of await client.requestMany(`$SRV.PING.${SERVICE}`, '', { maxWait: 2000 })) names.push(message.json<{ name: string }>().name);
    return names;
  } finally {
    await client.close();
  }
}

// Nothing of it is seen outside: the namespace is ours.
for (const folder of ['/run', '/srv']) await output('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
await output('busybox', ['ip', 'link', 'set', 'lo', 'up']);
console.log('walkthrough: start a Docker Engine');
const engine = await Engine.start();
try {
  await provideBusybox(engine.docker);
  await engine.docker.run('tag', BUSYBOX_IMAGE, 'busybox:latest');
  await walk('docs/fleet.md', { env: engine.docker.env, instead: async () => {
    const names = await namesOfService();
    if (names.join() !== `${SERVICE},${SERVICE}`) throw new Error(`expected two answers to $SRV.PING.${SERVICE}, got ${JSON.stringify(names)}`);
  } });
  console.log('walkthrough: the page holds');
} catch (error) {
  console.error(`walkthrough: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await engine.stop();
}
// The first process of its namespace: what the page has left running ends with it.
process.exit();
