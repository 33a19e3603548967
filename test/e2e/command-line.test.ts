/** `doctor`, `status` and `tail` beside a real engine with the managed plugin. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSockets } from '../../src/cli/sockets.ts';
import { runCommand, runProcess } from '../support/command-run.ts';
import { Site } from '../support/e2e-site.ts';
import test from '../support/e2e-test.ts';
import { startNatsProcess } from '../support/nats-process.ts';
import { PLUGIN } from '../support/plugin.ts';
import { Stream } from '../support/stream.ts';
import { until } from '../support/wait.ts';

/** Must not be shown. */
const TOKEN = 'canary-of-the-plugin';

let site: Site;
test.before(async () => {
  site = await Site.open();
});
test.after.always(async () => {
  await site[Symbol.asyncDispose]();
});

/** With the engine as the only source of settings. */
const engineOnly = (): NodeJS.ProcessEnv => ({ DOCKER_HOST: site.docker.host });

async function findings(socket: string): Promise<ReadonlyMap<string, string>> {
  const { out } = await runCommand(['doctor', '--json', '--socket', socket], { DOCKER_HOST: site.docker.host, NATS_SERVERS: site.nats.url });
  const { findings: found } = JSON.parse(out) as { findings: readonly { check: string; result: string; detail: string; remedy?: string }[] };
  return new Map(found.map(({ check, result, detail, remedy = '' }) => [check, `${result}: ${detail} ${remedy}`]));
}

test.serial('plugin-disabled, socket-silent: the doctor finds engine, plugin and socket; the status shows a container; the plugin disabled is told of', async (t) => {
  const socket = site.socket;
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

test.serial('doctor, explain and tail judge by the settings of the managed plugin, and read its files where they lie on the host', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'nld-mount-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const nats = await startNatsProcess({ config: `jetstream { store_dir: "jetstream" }\nauthorization { token: "${TOKEN}" }\n` });
  t.teardown(() => nats.stop());
  const stream = await Stream.make(nats.url, { subjects: ['set.>'] }, { token: TOKEN });
  t.teardown(() => stream.close());
  writeFileSync(join(dir, 'token'), TOKEN, { mode: 0o600 });
  mkdirSync(join(dir, 'nats-log-driver'));
  writeFileSync(join(dir, 'nats-log-driver/config.yaml'), 'defaults: {nats-token-file: /srv/token, nats-transport: jetstream, tag: yaml}\n');
  await site.setPlugin(`files.source=${dir}`, `NATS_SERVERS=${nats.url}`, 'NATS_SUBJECT=set.{{.Name}}');
  try {
    const { out: explained, code } = await runCommand(['explain'], engineOnly());
    t.is(code, 0);
    t.regex(explained, new RegExp(`^nats-servers +${nats.url} +plugin setting NATS_SERVERS$`, 'm'));
    t.regex(explained, new RegExp(`^tag +yaml +${dir}/nats-log-driver/config.yaml:1:\\d+$`, 'm'));
    t.regex(explained, new RegExp(`^settings of +the managed plugin ${PLUGIN}:latest, at ${site.docker.host}$`, 'm'));
    const own = await runCommand(['explain'], { ...engineOnly(), TAG: 'mine', NATS_SERVERS: '127.0.0.1:1' });
    t.regex(own.out, /^tag +mine +environment TAG$/m);
    t.regex(own.out, /; over them the environment: TAG, NATS_SERVERS; so these are left out: .*nats-token-file/m);
    t.regex((await runCommand(['explain', '--plugin', 'none'], engineOnly())).out, /^nats-servers +localhost:4222 +default$/m);
    t.regex((await runCommand(['explain', '--plugin', 'natz'], engineOnly())).err, /has no managed plugin "natz" of this driver, it has nats:latest\n/);
    t.regex((await runCommand(['explain', '--log-opt', 'nats-tls-ca-cert=/etc/ssl/openssl.cnf'], engineOnly())).err, /expected a file in a folder of nats-secret-dirs \(.*\), "\/etc\/ssl\/openssl\.cnf" leads elsewhere/, 'nor may a container name any file of the host');
    const well = await runCommand(['doctor', '--json'], engineOnly());
    t.false(well.out.includes(TOKEN));
    const found = new Map((JSON.parse(well.out) as { findings: readonly { check: string; result: string; detail: string }[] }).findings.map((each) => [each.check, each]));
    t.like(found.get('login'), { result: 'ok', detail: 'the credentials are accepted' });
    t.like(found.get('stream'), { result: 'ok' });
    t.like(found.get('socket'), { result: 'ok', detail: `${site.socket} answers` });
    t.like(found.get('state folder'), { result: 'ok', detail: '/var/lib/nats-log-driver can be written' });
    await site.start(t, { name: 'set', opts: { 'nats-servers': undefined, 'nats-subject': undefined }, command: 'echo hello' });
    await until('the line is stored', async () => await stream.count() === 1);
    t.deepEqual(await runCommand(['tail'], engineOnly()), { code: 0, out: 'set | hello\n', err: `-- settings of the managed plugin ${PLUGIN}:latest, at ${site.docker.host}\n` });
    t.regex((await runCommand(['tail', '--server', nats.url.replace('127.0.0.1', 'localhost')], engineOnly())).err, /refused the credentials/, 'another server is not shown the token');
  } finally {
    await site.setPlugin('files.source=/srv', 'NATS_SERVERS=', 'NATS_SUBJECT=');
  }
});
