/** Findings of `nats-log-driver doctor` on the way to NATS, each provoked with real servers and certificates. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connect } from 'nats';
import { makeCertificates, tlsConfig, type CertificateName, type Certificates } from '../support/certificates.ts';
import { examine, type Diagnosis } from '../support/doctor.ts';
import { withFile } from '../support/temporary-file.ts';
import { Stream } from '../support/stream.ts';
import { until } from '../support/wait.ts';
import { CANARY, startDriver, startLocalNats, startProxy } from './rig.ts';

const JETSTREAM = 'jetstream { store_dir: "jetstream" }\n';

let certificates: Certificates;
test.before(async () => {
  certificates = await makeCertificates();
});
test.after.always(() => certificates.remove());

/** Something that takes connections and is no nats-server. */
async function listener(t: ExecutionContext, answer: string, isEnd: boolean): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (isEnd) socket.end(answer);
    else socket.write(answer);
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  const { port } = await until('it listens', () => (server.address() ?? undefined) as { port: number } | undefined);
  return `127.0.0.1:${port}`;
}

test('a way without obstacles is found free', async (t) => {
  const nats = await startLocalNats(t, { config: `${JETSTREAM}authorization { user: a, password: "${CANARY}" }\n` });
  const stream = await Stream.make(nats.url, {}, { user: 'a', pass: CANARY });
  t.teardown(() => stream.close());
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  const found = await examine(t, { NATS_SERVERS: nats.url, NATS_USER: 'a', NATS_PASS: CANARY, NATS_TRANSPORT: 'jetstream' }, ['--publish', '--socket', rig.plugin.socket, '--state', rig.plugin.state]);
  found.says('source', 'ok', /^settings of this host \(no engine tells of a managed plugin: .*\); over them the environment: NATS_SERVERS, NATS_USER, NATS_PASS, NATS_TRANSPORT$/);
  found.says('settings', 'ok', /^valid, /);
  found.says('options', 'ok', /publishes to logs\.web$/);
  found.says('name', 'ok', /127\.0\.0\.1/);
  found.says('TCP connect', 'ok', / in [\d.]+ ms$/);
  found.says('TLS', 'skipped', /plain text/);
  found.says('login', 'ok', /credentials are accepted/);
  found.says('server', 'ok', /^nats-server \d+\.\d+\.\d+, JetStream on$/);
  found.says('max_payload', 'ok', /^1\.0 MiB$/);
  found.says('round trip', 'ok', / ms$/);
  found.says('publish', 'ok', /has taken a message for logs\.web/);
  found.says('stream', 'ok', /^LOGS covers logs\.web: file storage, 1 replica, keeps without limit/);
  found.says('stream limits', 'ok', /none/);
  found.says('duplicate window', 'ok', /^2m$/);
  found.says('socket', 'ok', / answers$/);
  found.says('state folder', 'ok', /can be written$/);
  found.says('open files', 'ok', /for a process/);
  found.says('open files, all', 'ok', /whole machine/);
  t.false(JSON.stringify(found.findings).includes(CANARY));
  t.is(await stream.count(), 0, 'no stream has stored the test message');
});

test('settings-refused, settings-unknown-name, options-refused, options-warning: settings and options that will not do', async (t) => {
  const found = await examine(t, { NATS_FORMAT: 'jsno' });
  found.finds('settings-refused', 'failed', /nats-format: expected json, got "jsno" \(environment NATS_FORMAT\)/, /check/);
  found.says('servers', 'skipped', /refused/);
  (await examine(t, { NATS_SEVERS: 'x', NATS_SERVERS: '127.0.0.1:1' })).finds('settings-unknown-name', 'warning', /NATS_SEVERS: unknown plugin setting, did you mean NATS_SERVERS\?/);
  (await examine(t, {}, ['--log-opt', 'nats-subject=a b'])).finds('options-refused', 'failed', /legal subject/, /explain/);
  (await examine(t, { NATS_SERVERS: '127.0.0.1:1' }, ['--log-opt', 'nats-tls-skip-verify'])).finds('options-warning', 'warning', /any server certificate is accepted \(log-opt\)/);
});

test('rule-refused: every output of every rule is looked at, each server and subject once', async (t) => {
  const nats = await startLocalNats(t, { config: JETSTREAM });
  const stream = await Stream.make(nats.url, { subjects: ['audit.>'] });
  t.teardown(() => stream.close());
  const yaml = `
rules:
  - match: {name: "db-*"}
    options: {nats-servers: 127.0.0.1:1}
  - match: {label: {audit: "yes"}}
    outputs:
      - {name: audit, nats-subject: "audit.{{.Name}}", nats-transport: jetstream}
      - {name: lost, nats-subject: "lost.{{.Name}}", nats-transport: jetstream}
  - match: {name: "web-*"}
    options: {labels: team}
  - match: {image: "shop*"}
    options: {nats-token-file: /nowhere/token}
`;
  await withFile(yaml, async (path) => {
    const found = await examine(t, { NATS_SERVERS: nats.url, NATS_CONFIG: path });
    found.says('output', 'ok', new RegExp(`^output audit, ${path}:5:5 \\(rule 2\\): audit.sample at ${nats.url}$`));
    t.is(found.findings.filter(({ check }) => check === 'output').length, 3, 'what goes the way of the sample container is not told again');
    found.finds('rule-refused', 'warning', new RegExp(`^${path}:\\d+:5 \\(rule 4\\): nats: nats-token-file: expected`), /explain --info/);
    const of = (part: string, check: string): readonly string[] => found.findings.filter((each) => each.part === part && each.check === check).map(({ result, detail }) => `${result}: ${detail}`);
    t.deepEqual(of('NATS', 'stream').map((line) => line.split(':').slice(0, 2).join()), [
      'skipped, nats-transport=core', 'ok, LOGS covers audit.sample', 'failed, no stream covers lost.sample',
    ]);
    t.is(of('NATS', 'login').length, 1, 'outputs of the same servers share a look at them');
    t.regex(of(`NATS for ${path}:3:5 (rule 1)`, 'TCP connect')[0] ?? '', /^failed: .*:1: connection refused$/);
  });
});

test('bucket-unknown: a document that the driver has never had is missed, one that it keeps is judged', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'nld-doctor-'));
  t.teardown(() => rmSync(state, { recursive: true }));
  const env = { NATS_SERVERS: '127.0.0.1:1', NATS_CONFIG_KV: 'fleet/logs' };
  (await examine(t, env, ['--state', state])).finds('bucket-unknown', 'warning', /^fleet\/logs: /, /nats kv get fleet logs$/);
  writeFileSync(join(state, 'config-kv.json'), JSON.stringify({ name: 'fleet/logs', text: 'rules: [{outputs: [{name: more, nats-subject: more}]}]' }));
  const found = await examine(t, env, ['--state', state]);
  found.says('source', 'ok', /the document of fleet\/logs as it was last taken over/);
  found.says('output', 'ok', /^output more.*: more at nats:\/\/127\.0\.0\.1:1$/);
});

test('name-unknown, port-closed, no-nats-server: an address that leads to no nats-server', async (t) => {
  (await examine(t, { NATS_SERVERS: 'nats.invalid' })).finds('name-unknown', 'failed', /^nats\.invalid: the host name/, /name service/);
  (await examine(t, { NATS_SERVERS: '127.0.0.1:1' })).finds('port-closed', 'failed', /connection refused/, /firewall/);
  const other = await listener(t, '220 mail\r\n', true);
  (await examine(t, { NATS_SERVERS: other })).finds('no-nats-server', 'failed', /does not speak the NATS protocol/, /another service/);
});

async function meetCertificate(t: ExecutionContext, name: CertificateName, env: NodeJS.ProcessEnv = {}): Promise<Diagnosis> {
  const nats = await startLocalNats(t, { config: tlsConfig(name), directory: certificates.dir });
  return await examine(t, { NATS_SERVERS: `tls://127.0.0.1:${nats.port}`, NATS_TLS_CA_CERT: certificates.pem('ca'), ...env });
}

test('certificate-untrusted: it was signed by an authority that nobody named', async (t) => {
  const found = await meetCertificate(t, 'stranger');
  found.finds('certificate-untrusted', 'failed', /signed by a CA that is not trusted.*\n.*issued by other-ca/, /nats-tls-ca-cert/);
  found.says('login', undefined);
});

test('certificate-other-name: it is for another host', async (t) => {
  (await meetCertificate(t, 'wrong-name')).finds('certificate-other-name', 'failed', /is for another name.*\n.*elsewhere\.test/, /use a name or address/);
});

test('certificate-expired: it was valid until yesterday', async (t) => {
  (await meetCertificate(t, 'expired')).finds('certificate-expired', 'failed', /has expired/, /renew/);
});

test('certificate-not-yet-valid: it is made for later', async (t) => {
  (await meetCertificate(t, 'not-yet-valid')).finds('certificate-not-yet-valid', 'failed', /is not valid yet\n.*valid until 2100-02-01/, /set the clock/);
});

test('certificate-ends-soon: it is good for a few days', async (t) => {
  const found = await meetCertificate(t, 'server');
  found.finds('certificate-ends-soon', 'warning', /certificate of server .*: (1 day|0 days) left/, /renew/);
  found.says('login', 'ok');
});

test('certificate-unverified: a certificate of whomever is accepted where the operator says so', async (t) => {
  const found = await meetCertificate(t, 'stranger', { NATS_TLS_SKIP_VERIFY: 'true' });
  found.finds('certificate-unverified', 'warning', /not trusted .* accepted because of nats-tls-skip-verify/, /nats-tls-ca-cert/);
  found.says('login', 'ok');
});

test('no-nats-server, tls-no-handshake: a server that hangs in the middle', async (t) => {
  const nats = await startLocalNats(t, { config: tlsConfig('server'), directory: certificates.dir });
  await nats.pause();
  t.teardown(() => nats.resume());
  const limit = { NATS_CONNECT_TIMEOUT: '200ms' };
  (await examine(t, { ...limit, NATS_SERVERS: `tls://127.0.0.1:${nats.port}` })).finds('no-nats-server', 'failed', /no answer within the time limit/);
  const hung = await listener(t, 'INFO {"tls_required":true}\r\n', false);
  (await examine(t, { ...limit, NATS_SERVERS: `tls://${hung}` })).finds('tls-no-handshake', 'failed', /no answer within the time limit/);
});

test('tls-not-offered, login-failed: TLS that one side does not have, and a client certificate that is missing', async (t) => {
  const plain = await startLocalNats(t);
  (await examine(t, { NATS_SERVERS: `tls://127.0.0.1:${plain.port}` })).finds('tls-not-offered', 'failed', /^the server does not offer TLS$/, /plain text/);
  const strict = await startLocalNats(t, { config: tlsConfig('server', 'verify clients'), directory: certificates.dir });
  (await examine(t, { NATS_SERVERS: strict.url, NATS_TLS_CA_CERT: certificates.pem('ca') })).finds('login-failed', 'failed', /client certificate|reset|closed/, /./);
});

test('login-refused, publish-denied: a password that is wrong, and a subject that is not permitted', async (t) => {
  const config = `authorization { users = [{ user: a, password: "${CANARY}", permissions: { publish: ["logs.db", "$SYS.REQ.USER.INFO"] } }, { user: sys, password: x }] }\n`;
  const nats = await startLocalNats(t, { config });
  (await examine(t, { NATS_SERVERS: nats.url, NATS_USER: 'a', NATS_PASS: `${CANARY}-2` })).finds('login-refused', 'failed', /refused the credentials/, /nats-user and nats-pass/);
  const env = { NATS_SERVERS: nats.url, NATS_USER: 'a', NATS_PASS: CANARY };
  (await examine(t, env)).says('publish', 'skipped', /does not tell/);
  (await examine(t, env, ['--publish'])).finds('publish-denied', 'failed', /may not publish to logs\.web/, /permissions/);
  // This server is too old to answer by itself; the answer is that of 2.10.
  const system = await connect({ servers: nats.url, user: 'sys', pass: 'x' });
  t.teardown(() => system.close());
  system.subscribe('$SYS.REQ.USER.INFO', { callback: (_, message) => void message.respond(JSON.stringify({ data: { user: 'a', account: '$G', permissions: { publish: { allow: ['logs.db', '$SYS.REQ.USER.INFO'] } } } })) });
  await system.flush();
  (await examine(t, env)).finds('publish-denied', 'failed', /may not publish to logs\.web/, /permissions/);
  (await examine(t, env, ['--log-opt', 'nats-subject=logs.db'])).says('publish', 'ok', /user a of account \$G may publish to logs\.db/);
});

test('payload-small, round-trip-slow: a server that takes small messages only, at the far end of a slow line', async (t) => {
  const nats = await startLocalNats(t, { config: 'max_payload: 32000\n' });
  (await examine(t, { NATS_SERVERS: nats.url })).finds('payload-small', 'warning', /^31\.3 KiB/, /raise max_payload/);
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  proxy.delay(60);
  (await examine(t, { NATS_SERVERS: proxy.url })).finds('round-trip-slow', 'warning', /^1[2-9]\d ms|^[2-9]\d\d ms/, /nats-window-size/);
});
