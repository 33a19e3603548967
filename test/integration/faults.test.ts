/** Faults of the process itself and of its configuration. */
import test from 'ava';
import { until } from '../support/wait.ts';
import { startDriver, startLocalNats, startProxy } from './rig.ts';

const CLEAN = { lost: 0, reordered: 0, corrupted: 0, examples: [] };

test('C3: with a wrong configuration the driver listens and says what is wrong, and sessions on record lose nothing', async (t) => {
  const nats = await startLocalNats(t);
  const proxy = await startProxy(t, nats.port);
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url });
  await rig.subscribe(nats.url);
  const web = await rig.container('web');
  await web.write(2000);
  await rig.plugin.kill();
  await rig.plugin.startAgain({ NATS_WINDOW_SIZE: 'much' });
  const error = await t.throwsAsync(rig.container('db'));
  t.regex(error?.message ?? '', /nats-window-size|NATS_WINDOW_SIZE/);
  await web.write(3000);
  await proxy.accept();
  t.deepEqual(await rig.verdict(), CLEAN);
});

test('P4: a bug ends the process with its stack in the log, and the next one goes on', async (t) => {
  const nats = await startLocalNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  await rig.subscribe(nats.url);
  const web = await rig.container('web');
  await web.write(100);
  await rig.plugin.kill();
  await rig.plugin.startAgain({ NODE_OPTIONS: `--import data:text/javascript,process.on('SIGUSR2',()=>{Promise.reject(Error('planted'))})` });
  await web.write(100);
  rig.plugin.signal('SIGUSR2');
  await until('the process has ended', () => rig.plugin.hasEnded);
  t.is(rig.plugin.log('internal error').length, 1);
  t.regex(String(rig.plugin.log('internal error')[0]?.['error']), /Error: planted/);
  await rig.plugin.startAgain();
  await web.write(1000);
  t.deepEqual(await rig.verdict(), CLEAN);
  rig.plugin.forgetBugs();
});
