import test from '../support/e2e-test.ts';
import { BUSYBOX_IMAGE } from '../support/images.ts';
import type { EngineOptions } from '../support/engine.ts';
import { Gate } from '../support/e2e-gate.ts';
import { coldRestarts, dockerdKills, dockerdRestarts, killPlugin, pluginRestarts } from '../support/e2e-restarts.ts';
import { OBEDIENT, numbers } from '../support/e2e-scripts.ts';
import { Site } from '../support/e2e-site.ts';
import { PLUGIN } from '../support/plugin.ts';
import { until } from '../support/wait.ts';

const CLEAN = { lost: 0, reordered: 0, left: [] };

/** This file needs an engine of its own: it starts it again with other options, and reads its log. */
let site: Site;
test.before(async () => {
  site = await Site.openAlone();
  await site.setPlugin('LOG_LEVEL=debug');
});
test.after.always(() => site[Symbol.asyncDispose]());

/** `docker run` that says nothing about logging but `flags`. */
const runPlainly = (name: string, ...flags: string[]): Promise<string> =>
  site.docker.run('run', '--rm', '--network', 'none', '--name', name, ...flags, BUSYBOX_IMAGE, 'echo', 'hello');

/** Flags of dockerd that make the plugin the log driver of every container. */
function asDefaultDriver(): EngineOptions {
  const logOpts = ['--log-opt', `nats-servers=${site.nats.url}`, '--log-opt', 'nats-subject=flags.{{.Name}}'];
  return { flags: [`--log-driver=${PLUGIN}`, ...logOpts] };
}

/** What the plugin itself has logged: the engine passes it on in its own log. */
async function pluginLog(): Promise<string> {
  const id = await site.docker.run('plugin', 'inspect', '--format', '{{.Id}}', PLUGIN);
  return site.engine.log().split('\n').filter((line) => line.includes(`plugin=${id}`)).join('\n');
}

test.serial('after nats-max-reconnect the driver gives up, says so, and dials again when a container starts', async (t) => {
  const gate = await Gate.before(site.nats.port);
  t.teardown(() => gate.shut());
  const opts = { 'nats-servers': gate.url, 'nats-max-reconnect': '2' };
  t.is(await site.run({ name: 'given-up', opts, command: 'echo hello' }), 'hello\n');
  await until('the plugin has given up', async () => (await pluginLog()).includes('lines dropped: gave up connecting to NATS'));
  await gate.open();
  await site.run({ name: 'dialled-again', opts, command: 'echo hello' });
  t.is((await site.collector.only('dialled-again')).body.text, 'hello');
  t.is(site.collector.count('given-up'), 0);
});

test.serial('as the engine\'s default driver with options in daemon.json it logs every container, and a log-opt wins', async (t) => {
  const daemonJson = {
    'log-driver': PLUGIN,
    'log-opts': { 'nats-servers': site.nats.url, 'nats-subject': 'daemon.{{.Name}}', 'tag': 'from daemon.json', 'labels': 'team' },
  };
  await site.engine.restart({ daemonJson });
  await runPlainly('by-default', '--label', 'team=core');
  await runPlainly('overridden', '--label', 'team=core', '--log-opt', 'tag=mine');
  const byDefault = await site.collector.only('by-default');
  t.deepEqual([byDefault.subject, byDefault.body.tag, byDefault.body['team']], ['daemon.by-default', 'from daemon.json', 'core']);
  const overridden = await site.collector.only('overridden');
  t.deepEqual([overridden.subject, overridden.body.tag, overridden.body['team']], ['daemon.overridden', 'mine', 'core']);
});

test.serial('as the engine\'s default driver by flags of dockerd it logs every container', async (t) => {
  await site.engine.restart(asDefaultDriver());
  await runPlainly('by-flags');
  t.is((await site.collector.only('by-flags')).subject, 'flags.by-flags');
});

test.serial('a container with a restart policy is logged again after the engine was started again', async (t) => {
  await site.start(t, { name: 'always', flags: ['--restart', 'always'], command: OBEDIENT });
  await site.collector.messages('always', 1);
  await site.engine.restart();
  const texts = await site.collector.texts('always', 2);
  t.deepEqual(texts, ['started', 'started']);
});

test.serial('D1 dockerd is killed under live-restore: what containers write meanwhile arrives, and nothing is left of the old sessions', async (t) => {
  const { lost, reordered, left } = await dockerdKills(2, site);
  t.deepEqual({ lost, reordered, left }, CLEAN);
});

test.serial('D2 dockerd is started again under live-restore: what containers write meanwhile arrives', async (t) => {
  const { lost, reordered, left } = await dockerdRestarts(1, site);
  t.deepEqual({ lost, reordered, left }, CLEAN);
});

test.serial('D2 dockerd is started again with its containers and the plugin: what they wrote last arrives, and they are logged on', async (t) => {
  const { lost, reordered, left } = await coldRestarts(1, site);
  t.deepEqual({ lost, reordered, left }, CLEAN);
});

// From here on the plugin is killed, and the engine stays: one that is ended, or disables the plugin, after it had to start it again waits
// ten seconds for the process that is gone.
test.serial('P1 P2 D2 a plugin is killed, disabled and enabled while a container writes: every line arrives', async (t) => {
  await site.engine.restart(asDefaultDriver());
  const { lost, reordered, left } = await pluginRestarts(2, site);
  t.deepEqual({ lost, reordered, left }, CLEAN);
});

test.serial('P2 with the driver as the engine\'s default, a container that ends and is started again over and over survives the end of the plugin', async (t) => {
  t.teardown(() => site.remove('mortal'));
  const life = 'n=$(($(cat /n 2> /dev/null || echo 0) + 1)); echo $n > /n; echo $n; sleep 0.2';
  await site.docker.run('run', '--detach', '--network', 'none', '--name', 'mortal', '--restart', 'always', BUSYBOX_IMAGE, 'sh', '-c', life);
  await site.collector.messages('mortal', 2);
  await killPlugin(site);
  const lives = site.collector.count('mortal') + 2;
  const texts = await site.collector.distinctTexts('mortal', lives, 30_000);
  t.deepEqual(texts, numbers(1, texts.length));
});
