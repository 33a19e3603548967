import { hostname } from 'node:os';
import test from 'ava';
import { CLEAN, Oracle } from '../support/oracle.ts';
import type { Body } from '../support/e2e-collector.ts';
import { withFile } from '../support/temporary-file.ts';
import { freePort, until } from '../support/wait.ts';
import { startDriver, startLocalNats, startNats } from './rig.ts';

/** What nats-server's monitoring tells of its clients. Source: docs.nats.io, Monitoring, /connz. */
interface Connections {
  readonly connections: readonly { readonly name?: string }[];
}

test('each line of a container becomes one message with the facts of the container', async (t) => {
  const nats = await startNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  const messages: { body: Body; subject: string }[] = [];
  await rig.subscribe(nats.url, {}, (body, subject) => messages.push({ body, subject }));
  const container = await rig.container('web', { tag: '{{.Name}}/{{.ImageName}}', labels: 'team', env: 'STAGE' });
  await container.logger.log('stderr', 'a "line"', 1_715_000_000_123_456_789n);
  await container.stop();
  await until('the message is there', () => messages.length > 0);
  t.deepEqual(messages, [{
    subject: 'logs.web',
    body: {
      container_id: '7765620000000000000000000000000000000000000000000000000000000000',
      container_name: 'web',
      image_id: 'sha256:7cfbbec8963d8f13e6c70416d6592e1cc10f47a348131290a55d43c3acab3fb9',
      image_name: 'nginx:1.27',
      hostname: hostname(),
      tag: 'web/nginx:1.27',
      time: '2024-05-06T12:53:20.123456789Z',
      text: 'a "line"',
      source: 'stderr',
      team: 'storefront',
      STAGE: 'production',
    },
  }]);
});

test('lines of many containers arrive complete, once, and in the order of each container', async (t) => {
  const nats = await startNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  await rig.subscribe(nats.url);
  const containers = await Promise.all(['web', 'db', 'cache', 'queue'].map((name) => rig.container(name)));
  await Promise.all(containers.map((container) => container.write(5000)));
  t.deepEqual(await rig.verdict(), CLEAN);
  t.is(rig.oracle.duplicates, 0);
});

test('the YAML file names the server', async (t) => {
  const nats = await startNats(t);
  await withFile(`defaults:\n  nats-servers: ${nats.url}\n  nats-subject: from.yaml\n`, async (path) => {
    const rig = await startDriver(t, { NATS_CONFIG: path, NATS_SUBJECT: '' });
    const subjects = new Set<string>();
    await rig.subscribe(nats.url, {}, (body, subject) => {
      rig.oracle.receive(body.container_name, body.text);
      subjects.add(subject);
    });
    const container = await rig.container('web');
    await container.write(10);
    t.deepEqual(await rig.verdict(), CLEAN);
    t.deepEqual([...subjects], ['from.yaml']);
  });
});

test('a container that writes a thousand lines and ends at once loses none, fifty times in a row', async (t) => {
  const nats = await startNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  const subscriber = await rig.subscribe(nats.url);
  for (let round = 0; round < 50; round++) {
    const container = await rig.container(`short-${round}`);
    await container.write(1000);
    await container.stop();
  }
  // StopLogging was answered after the confirmation: nothing is under way any more.
  await subscriber.flush();
  t.deepEqual(rig.oracle.verdict(), CLEAN);
  t.is(rig.oracle.duplicates, 0);
});

test('a subject that nobody subscribes to costs nothing and holds nothing up', async (t) => {
  const nats = await startNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  const container = await rig.container('web');
  await container.write(1000);
  const before = performance.now();
  await container.stop();
  t.true(performance.now() - before < 900, 'StopLogging had to wait for its deadline');
  const { lines_confirmed: confirmed } = await rig.plugin.logged('session ended', { container: 'web' });
  t.is(confirmed, 1000);
});

test('containers with the same target share one connection, which names host and driver', async (t) => {
  const monitoring = await freePort();
  const nats = await startLocalNats(t, { args: ['--http_port', String(monitoring)] });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  const containers = await Promise.all(['web', 'db', 'other'].map((name) =>
    rig.container(name, name === 'other' ? { 'nats-user': 'someone', 'nats-pass': 'canary' } : {})));
  await Promise.all(containers.map((container) => container.write(10)));
  await Promise.all(containers.map((container) => container.stop()));
  const answer = await fetch(`http://127.0.0.1:${monitoring}/connz`);
  const { connections } = await answer.json() as Connections;
  const name = `docker-nats-log-driver@${hostname()}`;
  t.deepEqual(connections.map((connection) => connection.name), [name, name], 'one for web and db, one for other credentials');
});

test('P1: SIGTERM delivers every line that was written, and ends with exit code 0 within eight seconds', async (t) => {
  const nats = await startNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url }, new Oracle(1000));
  const subscriber = await rig.subscribe(nats.url);
  const containers = await Promise.all(['web', 'db'].map((name) => rig.container(name)));
  await Promise.all(containers.map((container) => container.write(5000)));
  const before = performance.now();
  t.is(await rig.plugin.terminate(), 0);
  t.true(performance.now() - before < 8000);
  await subscriber.flush();
  t.deepEqual(rig.oracle.verdict(), CLEAN);
});

test('P1: SIGTERM while NATS is away ends within eight seconds and says how many lines the memory loses', async (t) => {
  const rig = await startDriver(t, { NATS_BUFFER: 'memory', NATS_SERVERS: `127.0.0.1:${await freePort()}` });
  const container = await rig.container('web');
  await container.write(300);
  await rig.plugin.logged('cannot connect to NATS');
  const before = performance.now();
  t.is(await rig.plugin.terminate(), 0);
  t.true(performance.now() - before < 8000);
  const [loss] = rig.plugin.log('lines dropped: the driver ended before NATS confirmed them');
  t.is(loss?.['dropped_total'], 300);
});
