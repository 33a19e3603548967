import test from 'ava';
import { Firewall } from '../support/firewall.ts';
import { CLEAN } from '../support/oracle.ts';
import { until } from '../support/wait.ts';
import { Load, startDriver, startLocalNats, startProxy } from './rig.ts';

for (const refusal of ['REJECT', 'DROP'] as const) {
  test(`N1, N4: a firewall that begins to ${refusal} before a container starts, and again in mid-stream, holds up no start and no stop and loses no line`, async (t) => {
    const nats = await startLocalNats(t);
    // The port with the firewall is not that of the subscriber.
    const proxy = await startProxy(t, nats.port);
    await proxy.accept();
    const firewall = new Firewall(proxy.port, refusal);
    t.teardown(() => firewall.lower());
    await firewall.raise();
    const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_PING_INTERVAL: '1s' });
    await rig.subscribe(nats.url);
    const early = await rig.container('early');
    await early.write(1000);
    await early.stop();
    await firewall.lower();

    const late = await rig.container('late');
    const load = new Load([late]);
    await until('lines flow', () => rig.oracle.received() > 2000);
    await firewall.raise();
    await rig.plugin.logged('NATS server hangs: leaving it', {}, 30_000);
    await load.stop();
    await late.stop();
    await firewall.lower();

    t.deepEqual(await rig.verdict(), CLEAN);
    const books = async (): Promise<readonly number[]> => {
      const { lines_read: read, lines_confirmed: confirmed } = (await rig.status()).totals.core;
      return [read, confirmed];
    };
    await until('the books are closed', async () => (await books())[1] === rig.oracle.written);
    t.deepEqual(await books(), [rig.oracle.written, rig.oracle.written]);
  });
}
