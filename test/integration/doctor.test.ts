/** Each finding of `nats-log-driver doctor`, provoked for real. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { findSockets } from '../../src/cli/sockets.ts';
import { connect, nanos, StorageType, type DiscardPolicy, type StreamConfig } from 'nats';
import { run as runCommandLine } from '../../plugin/command.ts';
import { makeCertificates, tlsConfig, type CertificateName, type Certificates } from '../support/certificates.ts';
import { runCommand } from '../support/command-run.ts';
import { Stream } from '../support/stream.ts';
import { freePort, until } from '../support/wait.ts';
import { CANARY, startDriver, startLocalNats } from './rig.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const JETSTREAM = 'jetstream { store_dir: "jetstream" }\n';
const discardNew = 'new' as DiscardPolicy;

interface Finding { readonly part: string; readonly check: string; readonly result: string; readonly detail: string; readonly remedy?: string }

let certificates: Certificates;
test.before(async () => {
  certificates = await makeCertificates();
});
test.after.always(() => certificates.remove());

/** Findings by check, the worst of each; without secrets. */
async function examine(t: ExecutionContext, env: NodeJS.ProcessEnv, args: readonly string[] = []): Promise<ReadonlyMap<string, Finding>> {
  const { out, err, code } = await runCommand(['doctor', '--json', '--log-opt', 'nats-subject=logs.web', ...args], { DOCKER_HOST: 'unix:///nowhere/docker.sock', ...env });
  t.is(err, '');
  t.false(out.includes(CANARY), 'a secret is shown');
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: readonly Finding[] };
  t.is(code, ok ? 0 : 1);
  t.is(ok, findings.every(({ result }) => result !== 'failed'));
  for (const { check, result, remedy } of findings) if (result === 'failed') t.truthy(remedy, `${check} says what to do`);
  const rank = ['skipped', 'ok', 'warning', 'failed'];
  return new Map(findings.toSorted((a, b) => rank.indexOf(a.result) - rank.indexOf(b.result)).map((finding) => [finding.check, finding]));
}

function expect(t: ExecutionContext, findings: ReadonlyMap<string, Finding>, check: string, result: string, detail: RegExp, remedy = /^/): void {
  const found = findings.get(check);
  t.is(found?.result, result, `${check}: ${JSON.stringify(found)}`);
  t.regex(found?.detail ?? '', detail);
  t.regex(found?.remedy ?? '', remedy);
}

async function makeStream(t: ExecutionContext, url: string, config: Partial<StreamConfig> = {}): Promise<Stream> {
  const stream = await Stream.make(url, config);
  t.teardown(() => stream.close());
  return stream;
}

test('a way without obstacles is found free', async (t) => {
  const nats = await startLocalNats(t, { config: `${JETSTREAM}authorization { user: a, password: "${CANARY}" }\n` });
  const stream = await Stream.make(nats.url, {}, { user: 'a', pass: CANARY });
  t.teardown(() => stream.close());
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  const found = await examine(t, { NATS_SERVERS: nats.url, NATS_USER: 'a', NATS_PASS: CANARY, NATS_TRANSPORT: 'jetstream' }, ['--publish', '--socket', rig.plugin.socket, '--state', rig.plugin.state]);
  expect(t, found, 'settings', 'ok', /^valid, /);
  expect(t, found, 'options', 'ok', /publishes to logs\.web$/);
  expect(t, found, 'name', 'ok', /127\.0\.0\.1/);
  expect(t, found, 'TCP connect', 'ok', / in [\d.]+ ms$/);
  expect(t, found, 'TLS', 'skipped', /plain text/);
  expect(t, found, 'login', 'ok', /credentials are accepted/);
  expect(t, found, 'server', 'ok', /^nats-server \d+\.\d+\.\d+, JetStream on$/);
  expect(t, found, 'max_payload', 'ok', /^1\.0 MiB$/);
  expect(t, found, 'round trip', 'ok', / ms$/);
  expect(t, found, 'publish', 'ok', /has taken a message for logs\.web/);
  expect(t, found, 'stream', 'ok', /^LOGS covers logs\.web: file storage, 1 replica, keeps without limit/);
  expect(t, found, 'stream limits', 'ok', /none/);
  expect(t, found, 'duplicate window', 'ok', /^2m$/);
  expect(t, found, 'socket', 'ok', / answers$/);
  expect(t, found, 'state folder', 'ok', /can be written$/);
  expect(t, found, 'open files', 'ok', /for a process/);
  expect(t, found, 'open files, all', 'ok', /whole machine/);
  t.is(await stream.count(), 0, 'no stream has stored the test message');
});

test('a configuration that is refused', async (t) => {
  const found = await examine(t, { NATS_FORMAT: 'jsno', NATS_SEVERS: 'x' });
  expect(t, found, 'settings', 'failed', /nats-format: expected json, got "jsno" \(plugin setting NATS_FORMAT\)/, /check/);
  expect(t, found, 'servers', 'skipped', /refused/);
  expect(t, await examine(t, { NATS_SEVERS: 'x', NATS_SERVERS: '127.0.0.1:1' }), 'settings', 'warning', /NATS_SEVERS: unknown plugin setting, did you mean NATS_SERVERS\?/);
  expect(t, await examine(t, {}, ['--log-opt', 'nats-subject=a b']), 'options', 'failed', /legal subject/, /explain/);
});

test('a name that is not known, a port where nobody listens, and a server that is none', async (t) => {
  expect(t, await examine(t, { NATS_SERVERS: 'nats.invalid' }), 'name', 'failed', /^nats\.invalid: the host name/, /name service/);
  expect(t, await examine(t, { NATS_SERVERS: '127.0.0.1:1' }), 'TCP connect', 'failed', /connection refused/, /firewall/);
  const silent: Server = createServer((socket) => void socket.on('error', () => undefined).end('220 mail\r\n')).listen(0, '127.0.0.1');
  t.teardown(() => silent.close());
  const { port } = await until('it listens', () => (silent.address() ?? undefined) as { port: number } | undefined);
  expect(t, await examine(t, { NATS_SERVERS: `127.0.0.1:${port}` }), 'greeting', 'failed', /does not speak the NATS protocol/, /another service/);
});

interface TlsFault { readonly server: CertificateName; readonly env?: NodeJS.ProcessEnv; readonly result: string; readonly detail: RegExp; readonly remedy: RegExp }

const tlsFaults: readonly TlsFault[] = [
  { server: 'stranger', result: 'failed', detail: /signed by a CA that is not trusted.*\n.*issued by other-ca/, remedy: /nats-tls-ca-cert/ },
  { server: 'wrong-name', result: 'failed', detail: /is for another name.*\n.*elsewhere\.test/, remedy: /use a name or address/ },
  { server: 'expired', result: 'failed', detail: /has expired/, remedy: /renew/ },
  { server: 'server', result: 'warning', detail: /certificate of server .*: \d days? left|days left/, remedy: /renew/ },
  { server: 'stranger', env: { NATS_TLS_SKIP_VERIFY: 'true' }, result: 'warning', detail: /not trusted .* accepted because of nats-tls-skip-verify/, remedy: /nats-tls-ca-cert/ },
];

for (const { server, env = {}, result, detail, remedy } of tlsFaults) {
  test(`a certificate of the kind "${server}"${env['NATS_TLS_SKIP_VERIFY'] === undefined ? '' : ', accepted unseen'}`, async (t) => {
    const nats = await startLocalNats(t, { config: tlsConfig(server), directory: certificates.dir });
    const found = await examine(t, { NATS_SERVERS: `tls://127.0.0.1:${nats.port}`, NATS_TLS_CA_CERT: certificates.pem('ca'), ...env });
    expect(t, found, 'TLS handshake', result, detail, remedy);
    t.is(found.get('login')?.result, result === 'failed' ? undefined : 'ok');
  });
}

test('a server that hangs in the middle', async (t) => {
  const nats = await startLocalNats(t, { config: tlsConfig('server'), directory: certificates.dir });
  await nats.pause();
  t.teardown(() => nats.resume());
  const env = { NATS_SERVERS: `tls://127.0.0.1:${nats.port}`, NATS_CONNECT_TIMEOUT: '200ms' };
  expect(t, await examine(t, env), 'greeting', 'failed', /no answer within the time limit/);
  const server: Server = createServer((socket) => void socket.on('error', () => undefined).write('INFO {"tls_required":true}\r\n')).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  const { port } = await until('it listens', () => (server.address() ?? undefined) as { port: number } | undefined);
  expect(t, await examine(t, { ...env, NATS_SERVERS: `tls://127.0.0.1:${port}` }), 'TLS handshake', 'failed', /no answer within the time limit/);
});

test('TLS that one side does not have, and a client certificate that is missing', async (t) => {
  const plain = await startLocalNats(t);
  expect(t, await examine(t, { NATS_SERVERS: `tls://127.0.0.1:${plain.port}` }), 'TLS', 'failed', /^the server does not offer TLS$/, /plain text/);
  const strict = await startLocalNats(t, { config: tlsConfig('server', 'verify clients'), directory: certificates.dir });
  expect(t, await examine(t, { NATS_SERVERS: `nats://127.0.0.1:${strict.port}`, NATS_TLS_CA_CERT: certificates.pem('ca') }), 'login', 'failed', /client certificate|reset|closed/, /./);
});

test('a login that is refused, and a subject that is not permitted', async (t) => {
  const config = `authorization { users = [{ user: a, password: "${CANARY}", permissions: { publish: ["logs.db", "$SYS.REQ.USER.INFO"] } }, { user: sys, password: x }] }\n`;
  const nats = await startLocalNats(t, { config });
  expect(t, await examine(t, { NATS_SERVERS: nats.url, NATS_USER: 'a', NATS_PASS: `${CANARY}-2` }), 'login', 'failed', /refused the credentials/, /nats-user and nats-pass/);
  const env = { NATS_SERVERS: nats.url, NATS_USER: 'a', NATS_PASS: CANARY };
  expect(t, await examine(t, env), 'publish', 'skipped', /does not tell/, /--publish/);
  expect(t, await examine(t, env, ['--publish']), 'publish', 'failed', /may not publish to logs\.web/, /permissions/);
  // This server is too old to answer by itself; the answer is that of 2.10.
  const system = await connect({ servers: nats.url, user: 'sys', pass: 'x' });
  t.teardown(() => system.close());
  system.subscribe('$SYS.REQ.USER.INFO', { callback: (_, message) => void message.respond(JSON.stringify({ data: { user: 'a', account: '$G', permissions: { publish: { allow: ['logs.db', '$SYS.REQ.USER.INFO'] } } } })) });
  await system.flush();
  expect(t, await examine(t, env), 'publish', 'failed', /may not publish to logs\.web/, /permissions/);
  expect(t, await examine(t, env, ['--log-opt', 'nats-subject=logs.db']), 'publish', 'ok', /user a of account \$G may publish to logs\.db/);
});

test('a server that takes small messages only', async (t) => {
  const nats = await startLocalNats(t, { config: 'max_payload: 32000\n' });
  expect(t, await examine(t, { NATS_SERVERS: nats.url }), 'max_payload', 'warning', /^31\.3 KiB/, /raise max_payload/);
});

test('JetStream that is off, and a subject that no stream covers', async (t) => {
  const without = await startLocalNats(t);
  expect(t, await examine(t, { NATS_SERVERS: without.url, NATS_TRANSPORT: 'jetstream' }), 'stream', 'failed', /^JetStream is off/, /switch JetStream on/);
  expect(t, await examine(t, { NATS_SERVERS: without.url }), 'stream', 'skipped', /nats-transport=core/);
  const nats = await startLocalNats(t, { config: JETSTREAM });
  const env = { NATS_SERVERS: nats.url, NATS_TRANSPORT: 'jetstream' };
  expect(t, await examine(t, env), 'stream', 'failed', /^no stream covers logs\.web/, /^nats stream add LOGS --subjects logs\.web/);
  expect(t, await examine(t, env, ['--log-opt', 'nats-stream=MINE']), 'stream', 'failed', /^no stream/, /^nats stream add MINE --subjects logs\.>/);
  expect(t, await examine(t, env, ['--log-opt', 'nats-stream=MINE', '--log-opt', 'nats-stream-create']), 'stream', 'ok', /MINE is made/);
  await makeStream(t, nats.url);
  expect(t, await examine(t, env, ['--log-opt', 'nats-stream=MINE']), 'stream', 'failed', /^LOGS covers logs\.web, and nats-stream is MINE/);
});

interface StreamFault { readonly title: string; readonly config: Partial<StreamConfig>; readonly check: string; readonly result: string; readonly detail: RegExp; readonly messages?: number }

const streamFaults: readonly StreamFault[] = [
  { title: 'in memory', config: { storage: StorageType.Memory }, check: 'stream', result: 'warning', detail: /is in memory/ },
  { title: 'that confirms nothing', config: { no_ack: true }, check: 'stream', result: 'failed', detail: /confirms nothing/ },
  { title: 'nearly full, which refuses', config: { max_msgs: 10, discard: discardNew }, messages: 9, check: 'stream limits', result: 'warning', detail: /90 % full and refuses/ },
  { title: 'nearly full, which forgets', config: { max_msgs: 10 }, messages: 9, check: 'stream limits', result: 'ok', detail: /90 % full and removes/ },
  { title: 'with a short duplicate window', config: { duplicate_window: nanos(5000) }, check: 'duplicate window', result: 'warning', detail: /^5s, and lines may be sent again after/ },
  { title: 'that takes small messages only', config: { max_msg_size: 1000 }, check: 'stream limits', result: 'warning', detail: /at most 1000 B/ },
];

test('a stream that is not fit for logs', async (t) => {
  const nats = await startLocalNats(t, { config: JETSTREAM });
  for (const { title, config, check, result, detail, messages = 0 } of streamFaults) {
    const stream = await Stream.make(nats.url, config);
    const client = await connect({ servers: nats.url });
    for (let i = 0; i < messages; i++) await client.request('logs.web', '');
    expect(t, await examine(t, { NATS_SERVERS: nats.url, NATS_TRANSPORT: 'jetstream' }), check, result, detail);
    await stream.manager.streams.delete('LOGS');
    await client.close();
    await stream.close();
    t.log(title);
  }
});

/** Answers like an engine; only what is asked. */
async function engineWith(t: ExecutionContext, plugins: readonly object[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nld-doctor-'));
  const path = join(folder, 'docker.sock');
  const server = createHttpServer((request, response) => {
    response.end(JSON.stringify(request.url === '/plugins' ? plugins : { Version: '20.10.24', ApiVersion: '1.41', Os: 'linux', Arch: 'amd64' }));
  }).listen(path);
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });
  await until('it listens', () => server.listening);
  return `unix://${path}`;
}

const plugin = (Enabled: boolean): object => ({ Name: 'nats:latest', Enabled, Config: { Interface: { Socket: 'nats.sock', Types: ['docker.logdriver/1.0'] } } });

test('an engine that is away, and a plugin that is missing or disabled', async (t) => {
  const env = { NATS_SERVERS: '127.0.0.1:1' };
  expect(t, await examine(t, env), 'engine', 'failed', /\/nowhere\/docker\.sock: the socket does not exist/, /dockerd/);
  expect(t, await examine(t, { ...env, DOCKER_HOST: 'ssh://host' }), 'engine', 'failed', /only unix:\/\/ and tcp:\/\//);
  const none = await examine(t, { ...env, DOCKER_HOST: await engineWith(t, []) });
  expect(t, none, 'engine', 'ok', /^Docker Engine 20\.10\.24, API 1\.41, linux\/amd64/);
  // A machine on which a driver runs already is well.
  if (findSockets().length === 0) expect(t, none, 'plugin', 'failed', /no managed plugin/, /npm run plugin/);
  else expect(t, none, 'plugin', 'ok', /no managed plugin/);
  expect(t, await examine(t, { ...env, DOCKER_HOST: await engineWith(t, [plugin(false)]) }), 'plugin', findSockets().length === 0 ? 'failed' : 'warning', /^nats:latest is installed and disabled/, /^docker plugin enable nats:latest$/);
  expect(t, await examine(t, { ...env, DOCKER_HOST: await engineWith(t, [plugin(true)]) }), 'plugin', 'ok', /enabled$/);
});

test('a socket that nobody listens on, or somebody else', async (t) => {
  const env = { NATS_SERVERS: '127.0.0.1:1' };
  expect(t, await examine(t, env, ['--socket', '/nowhere/nats.sock']), 'socket', 'failed', /does not exist/, /journalctl/);
  const other = (await engineWith(t, [])).slice('unix://'.length);
  expect(t, await examine(t, env, ['--socket', other]), 'socket', 'failed', /is no log driver/, /another program/);
});

test('a state folder that cannot be written, and a disk that is too small', async (t) => {
  const env = { NATS_SERVERS: '127.0.0.1:1' };
  expect(t, await examine(t, { ...env, NATS_BUFFER_DISK_SIZE: '1t' }, ['--state', tmpdir()]), 'disk space', 'warning', /free at .*, nats-buffer-disk-size is 1\.0 TiB/, /lower nats-buffer-disk-size/);
  expect(t, await examine(t, { ...env, NATS_BUFFER: 'memory' }), 'disk space', 'skipped', /memory/);
  // Root may write everywhere, but not there.
  expect(t, await examine(t, env, ['--state', '/proc/sys']), 'state folder', 'failed', /cannot be written/, /serve --state/);
  const folder = mkdtempSync(join(tmpdir(), 'nld-doctor-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'file'), '');
  expect(t, await examine(t, env, ['--state', join(folder, 'file')]), 'state folder', 'failed', /cannot be written \(ENOTDIR\)/);
});

test('a limit of open files that is too low', async (t) => {
  const port = await freePort();
  const { stdout, code } = await runCommandLine('bash', ['--norc', '-c', `ulimit -n 400; exec ${process.execPath} ${MAIN} doctor --log-opt nats-servers=127.0.0.1:${port}`]);
  t.is(code, 1);
  t.regex(stdout, /^ {2}! open files {11}400 for a process started from here: too few for a thousand containers\n +→ raise it: LimitNOFILE=/m);
  t.regex(stdout, /^NATS\n {2}✔ name/m);
  t.regex(stdout, /^\d+ failed, \d+ warnings, \d+ ok, \d+ skipped$/m);
});
