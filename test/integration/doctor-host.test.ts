/** Findings of `nats-log-driver doctor` about engine and host, each provoked on a real engine of its own, which has no plugin. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { run } from '../../plugin/command.ts';
import { makeCertificates, type Certificates } from '../support/certificates.ts';
import { Diagnosis, examine } from '../support/doctor.ts';
import { Engine } from '../support/engine.ts';
import { MAIN } from '../support/program.ts';
import { freePort, until } from '../support/wait.ts';

/** What NATS does is of no interest here. */
const ENV = { NATS_SERVERS: '127.0.0.1:1' };

let certificates: Certificates;
let engine: Engine;
let tlsPort: number;

test.before(async () => {
  [certificates, tlsPort] = await Promise.all([makeCertificates(), freePort()]);
  const tls = ['--tlsverify', '--tlscacert', certificates.pem('ca'), '--tlscert', certificates.pem('server'), '--tlskey', certificates.key('server')];
  engine = await Engine.start({ flags: ['--host', `tcp://127.0.0.1:${tlsPort}`, ...tls] });
});
test.after.always(async () => {
  await engine?.stop();
  certificates.remove();
});

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'nld-doctor-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** In a mount namespace of its own that `prepare`, a text for the shell, has changed. */
async function examineApart(t: ExecutionContext, prepare: string, env: NodeJS.ProcessEnv): Promise<Diagnosis> {
  const script = `mkdir -p /run/docker && ${prepare} && exec "$0" "$@"`;
  const { stdout, stderr, code } = await run('unshare', ['--mount', 'sh', '-c', script, process.execPath, MAIN, 'doctor', '--json'], { env: { PATH: process.env['PATH'], DOCKER_HOST: 'unix:///nowhere/docker.sock', ...ENV, ...env } });
  return new Diagnosis(t, { out: stdout, err: stderr, code });
}

test('plugin-missing: an engine without the plugin, on a host where no driver runs', async (t) => {
  const found = await examineApart(t, 'mount -t tmpfs none /run/docker', { DOCKER_HOST: engine.host });
  found.says('engine', 'ok', /^Docker Engine \d+\.\d+\.\d+.*, API 1\.\d+, linux\/\w+, at unix:/);
  found.says('source', 'ok', /^settings of this host \(the engine has no managed plugin of this driver\)/);
  found.finds('plugin-missing', 'failed', /no managed plugin is installed, and no process of the host/, /npm run plugin/);
  t.regex(found.findings.find(({ id }) => id === 'socket-silent')?.detail ?? '', /^no driver found/);
});

test('engine-unreachable: no engine, an address that is none, and an engine with TLS that is asked without', async (t) => {
  (await examine(t, ENV)).finds('engine-unreachable', 'failed', /\/nowhere\/docker\.sock: the socket does not exist/, /dockerd/);
  (await examine(t, { ...ENV, DOCKER_HOST: 'ssh://host' })).finds('engine-unreachable', 'failed', /only unix:\/\/ and tcp:\/\//);
  const tcp = { ...ENV, DOCKER_HOST: `tcp://127.0.0.1:${tlsPort}` };
  (await examine(t, tcp)).finds('engine-unreachable', 'failed', /answered with status 400/);
  (await examine(t, { ...tcp, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nowhere' })).finds('engine-unreachable', 'failed', /DOCKER_TLS_VERIFY is set: .*\/nowhere\/ca\.pem/);
  const path = folder(t);
  for (const [from, to] of [['ca.pem', 'ca.pem'], ['stranger.pem', 'cert.pem'], ['stranger.key', 'key.pem']] as const) copyFileSync(join(certificates.dir, from), join(path, to));
  (await examine(t, { ...tcp, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: path })).finds('engine-unreachable', 'failed', /certificate/);
  for (const [from, to] of [['client.pem', 'cert.pem'], ['client.key', 'key.pem']] as const) copyFileSync(join(certificates.dir, from), join(path, to));
  (await examine(t, { ...tcp, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: path })).says('engine', 'ok', new RegExp(`at tcp://127\\.0\\.0\\.1:${tlsPort}$`));
});

test('engine-old: an engine from the time before plugins for logs', async (t) => {
  // No such engine runs here: a new one passes for it, its other answers are its own.
  const path = join(folder(t), 'docker.sock');
  const server = createServer((incoming, outgoing) => {
    const call = request({ socketPath: engine.host.slice('unix://'.length), path: incoming.url, method: incoming.method }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => { text += part; });
      answer.on('end', () => outgoing.end(text.replaceAll(/"Version":"[^"]*"/g, '"Version":"1.13.1"').replaceAll(/"ApiVersion":"[^"]*"/g, '"ApiVersion":"1.26"')));
    });
    incoming.pipe(call);
  }).listen(path);
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  await until('it listens', () => server.listening);
  (await examine(t, { ...ENV, DOCKER_HOST: `unix://${path}` })).finds('engine-old', 'failed', /^Docker Engine 1\.13\.1, API 1\.26/, /17\.05 or later/);
});

test('socket-silent, socket-of-another: nobody listens on the socket, or somebody else', async (t) => {
  (await examine(t, ENV, ['--socket', '/nowhere/nats.sock'])).finds('socket-silent', 'failed', /does not exist/, /journalctl/);
  (await examine(t, ENV, ['--socket', engine.host.slice('unix://'.length)])).finds('socket-silent', 'failed', /answered with status 404/);
  const path = join(folder(t), 'other.sock');
  const other = createServer((_, response) => response.end('{"Implements":["VolumeDriver"]}')).listen(path);
  t.teardown(() => other.close());
  await until('it listens', () => other.listening);
  (await examine(t, ENV, ['--socket', path])).finds('socket-of-another', 'failed', /is no log driver/, /another program/);
});

test('state-not-writable, disk-small: a state folder that cannot be written, and a disk that is too small', async (t) => {
  (await examine(t, { ...ENV, NATS_BUFFER_DISK_SIZE: '1t' }, ['--state', tmpdir()])).finds('disk-small', 'warning', /free at .*, nats-buffer-disk-size is 1\.0 TiB/, /lower nats-buffer-disk-size/);
  (await examine(t, { ...ENV, NATS_BUFFER: 'memory' })).says('disk space', 'skipped', /memory/);
  // Root may write everywhere, but not there.
  (await examine(t, ENV, ['--state', '/proc/sys'])).finds('state-not-writable', 'failed', /cannot be written/, /serve --state/);
  const path = folder(t);
  writeFileSync(join(path, 'file'), '');
  (await examine(t, ENV, ['--state', join(path, 'file')])).finds('state-not-writable', 'failed', /cannot be written \(ENOTDIR\)/);
  mkdirSync(join(path, 'there'));
  (await examine(t, ENV, ['--state', join(path, 'there')])).says('state folder', 'ok', /can be written$/);
  (await examine(t, ENV, ['--state', join(path, 'later')])).says('state folder', 'ok', /does not exist/);
});

test('descriptors-few: a process that may open few files is told of, in words for a terminal, too', async (t) => {
  const { stdout, code } = await run('bash', ['--norc', '-c', `ulimit -n 400; exec ${process.execPath} ${MAIN} doctor --log-opt nats-servers=127.0.0.1:1`], { env: { PATH: process.env['PATH'], DOCKER_HOST: 'unix:///nowhere/docker.sock' } });
  t.is(code, 1);
  t.regex(stdout, /^ {2}! open files {11}400 for a process started from here: too few for a thousand containers\n +→ raise it: LimitNOFILE=/m);
  t.regex(stdout, /^NATS\n {2}✔ name/m);
  t.regex(stdout, /^\d+ failed, \d+ warnings, \d+ ok, \d+ skipped$/m);
});

test('descriptors-used-up: a machine whose descriptors are nearly all in use', async (t) => {
  const path = join(folder(t), 'file-nr');
  // The numbers of a machine that has run short of them: the limit of this one is everybody's.
  writeFileSync(path, '96000\t0\t100000\n');
  const found = await examineApart(t, `mount --bind ${path} /proc/sys/fs/file-nr`, {});
  found.finds('descriptors-used-up', 'warning', /^96,000 of 100,000 on the whole machine$/, /fs\.file-max/);
});
