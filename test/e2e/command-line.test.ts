/** `doctor`, `status` and `tail` beside a real engine with the managed plugin. */
import { existsSync } from 'node:fs';
import test from 'ava';
import { findSockets } from '../../src/cli/sockets.ts';
import { runCommand, runProcess } from '../support/command-run.ts';
import { Site } from '../support/e2e-site.ts';
import { PLUGIN } from '../support/plugin.ts';
import { until } from '../support/wait.ts';

let site: Site;
test.before(async () => {
  site = await Site.open();
});
test.after.always(async () => {
  await site[Symbol.asyncDispose]();
});

/** The same folder for all engines of a machine, whatever their exec root is. Source: moby daemon/daemon_unix.go getPluginExecRoot. */
async function pluginSocket(): Promise<string> {
  return `/run/docker/plugins/${await site.docker.run('plugin', 'inspect', '--format', '{{.Id}}', PLUGIN)}/nats.sock`;
}

async function findings(socket: string): Promise<ReadonlyMap<string, string>> {
  const { out } = await runCommand(['doctor', '--json', '--socket', socket], { DOCKER_HOST: site.docker.host, NATS_SERVERS: site.nats.url });
  const { findings: found } = JSON.parse(out) as { findings: readonly { check: string; result: string; detail: string; remedy?: string }[] };
  return new Map(found.map(({ check, result, detail, remedy = '' }) => [check, `${result}: ${detail} ${remedy}`]));
}

test.serial('the doctor finds engine, plugin and socket; the status shows a container; the plugin disabled is told of', async (t) => {
  const socket = await pluginSocket();
  t.true(findSockets().includes(socket), 'it is found without being named');
  const well = await findings(socket);
  t.regex(well.get('engine') ?? '', /^ok: Docker Engine \d+\.\d+/);
  t.regex(well.get('plugin') ?? '', new RegExp(`^ok: ${PLUGIN}:latest is installed and enabled`));
  t.regex(well.get('socket') ?? '', /^ok: .*nats\.sock answers/);
  t.regex(well.get('login') ?? '', /^ok/);
  await site.start(t, { name: 'cli', opts: { 'nats-subject': 'docker.cli' }, command: 'echo hello; sleep 60' });
  const shown = await until('the line is confirmed', async () => {
    const { out } = await runProcess(['status', '--socket', socket]);
    return /^cli +[0-9a-f]{12} +live +1 .* docker\.cli$/m.test(out) && out;
  });
  t.regex(shown, /^nats:\/\/127\.0\.0\.1:\d+ +connected /m);
  await site.docker.run('rm', '-f', 'cli');
  await site.docker.run('plugin', 'disable', '-f', PLUGIN);
  try {
    t.false(existsSync(socket));
    const ill = await findings(socket);
    t.regex(ill.get('plugin') ?? '', new RegExp(`^(failed|warning): ${PLUGIN}:latest is installed and disabled.* docker plugin enable ${PLUGIN}:latest`));
    t.regex(ill.get('socket') ?? '', /^failed: .*does not exist/);
  } finally {
    await site.docker.run('plugin', 'enable', PLUGIN);
  }
});
