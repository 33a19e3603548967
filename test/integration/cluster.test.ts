import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { startNatsCluster } from '../support/nats-cluster.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { CLEAN } from '../support/oracle.ts';
import type { Oracle } from '../support/oracle.ts';
import { until } from '../support/wait.ts';
import { Load, startDriver, startLocalNats } from './rig.ts';

interface Node {
  readonly server: NatsServer;
  readonly pid: number;
}

/** Three nodes; the first is the one that the driver will be told of. */
async function startNodes(t: ExecutionContext): Promise<Node[]> {
  const dir = mkdtempSync(join(tmpdir(), 'nld-cluster-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const pidFiles = new Map<NatsServer, string>();
  const servers = await startNatsCluster(async (options) => {
    const pidFile = join(dir, `${options.cluster?.port}.pid`);
    const server = await startLocalNats(t, { ...options, args: ['--pid', pidFile] });
    pidFiles.set(server, pidFile);
    return server;
  });
  return servers.map((server) => ({ server, pid: Number(readFileSync(pidFiles.get(server) ?? '', 'utf8')) }));
}

interface Ending {
  readonly title: string;
  readonly end: (node: Node, oracle: Oracle) => Promise<void> | void;
  /** What the driver says of it. */
  readonly says: string;
}

const endings: readonly Ending[] = [
  { title: 'is killed', end: ({ server }) => server.kill(), says: 'connection to NATS lost' },
  {
    title: 'hangs and is killed, with lines on their way to it,',
    end: async ({ server }, oracle) => {
      await server.pause();
      const before = oracle.written;
      await until('lines are on their way to the node', () => oracle.written > before + 2000);
      await server.kill();
    },
    says: 'connection to NATS lost',
  },
  // Source: docs.nats.io, Lame Duck Mode: `nats-server --signal ldm` sends SIGUSR2.
  {
    title: 'enters lame duck mode',
    end: ({ pid }) => { process.kill(pid, 'SIGUSR2'); },
    says: 'NATS server is shutting down: leaving it',
  },
  { title: 'is stopped in good order', end: ({ server }) => server.terminate(), says: 'connection to NATS lost' },
];

for (const { title, end, says } of endings) {
  test(`N3: no line is lost when the connected node of a cluster ${title} in mid-stream`, async (t) => {
    const [connected, other, third] = await startNodes(t);
    if (connected === undefined || other === undefined || third === undefined) return t.fail();
    const rig = await startDriver(t, { NATS_SERVERS: connected.server.url });
    const subscriber = await rig.subscribe(other.server.url);
    await Promise.all([connected, third].map(({ server }) => subscriber.hears(server.url)));
    const load = new Load(await Promise.all(['web', 'db', 'cache'].map((name) => rig.container(name))), 400);
    await until('lines flow', () => rig.oracle.received() > 10_000);
    await end(connected, rig.oracle);
    const leftAt = performance.now();
    await until('the driver is connected to another node', () => rig.plugin.log('connected to NATS').length >= 2);
    const goneMs = Math.round(performance.now() - leftAt);
    const before = rig.oracle.received();
    await until('lines flow again', () => rig.oracle.received() > before + 10_000);
    await load.stop();
    t.deepEqual(await rig.verdict(), CLEAN);
    t.true(rig.plugin.log(says).length > 0);
    const [, second] = rig.plugin.log('connected to NATS');
    t.true([other.server.url, third.server.url].includes(String(second?.['server'])), 'it came back to the node that ended');
    t.log(`${rig.oracle.written} lines, ${rig.oracle.duplicates} of them twice, on another node after ${goneMs} ms`);
  });
}
