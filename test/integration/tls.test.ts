import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { ConnectionOptions } from 'nats';
import { makeCertificates, tlsConfig } from '../support/certificates.ts';
import type { Certificates, CertificateName } from '../support/certificates.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { CLEAN } from '../support/oracle.ts';
import { startTlsProxy } from '../support/tls-proxy.ts';
import { until } from '../support/wait.ts';
import { CANARY, startDriver, startLocalNats, startNats, startProxy } from './rig.ts';

let certificates: Certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

test.after.always(() => certificates.remove());

type Clients = Parameters<typeof tlsConfig>[1];

function startTls(t: ExecutionContext, server: CertificateName, clients?: Clients): Promise<NatsServer> {
  return startNats(t, { config: tlsConfig(server, clients), directory: certificates.dir });
}

/** For the subscriber, which is not what is tested. */
function trusting(ca: CertificateName): ConnectionOptions {
  return { tls: { caFile: certificates.pem(ca), certFile: certificates.pem('client'), keyFile: certificates.key('client') } };
}

/** The client passes on what its types do not know. */
const TRUST_ALL = { rejectUnauthorized: false } as NonNullable<ConnectionOptions['tls']>;

interface Case {
  readonly title: string;
  readonly server: CertificateName;
  readonly clients?: Clients;
  readonly env: () => NodeJS.ProcessEnv;
}

const ownCa = (): NodeJS.ProcessEnv => ({ NATS_TLS_CA_CERT: certificates.pem('ca') });
const clientPair = (): NodeJS.ProcessEnv => ({
  ...ownCa(), NATS_TLS_CERT: certificates.pem('client'), NATS_TLS_KEY: certificates.key('client'),
});
const strangerPair = (): NodeJS.ProcessEnv => ({
  ...ownCa(), NATS_TLS_CERT: certificates.pem('stranger'), NATS_TLS_KEY: certificates.key('stranger'),
});

const successes: readonly (Case & { readonly scheme: string; readonly ca: CertificateName })[] = [
  { title: 'the own CA is named', scheme: 'tls', server: 'server', ca: 'ca', env: ownCa },
  { title: 'the server asks for TLS and the address does not', scheme: 'nats', server: 'server', ca: 'ca', env: ownCa },
  {
    title: 'a client certificate is asked for and given',
    scheme: 'tls', server: 'server', ca: 'ca', clients: 'verify clients', env: clientPair,
  },
];

for (const { title, scheme, server, ca, clients, env } of successes) {
  test(`lines arrive over TLS when ${title}`, async (t) => {
    const nats = await startTls(t, server, clients);
    const rig = await startDriver(t, { NATS_SERVERS: `${scheme}://127.0.0.1:${nats.port}`, ...env() });
    await rig.subscribe(nats.url, trusting(ca));
    const container = await rig.container('web');
    await container.write(1000);
    t.deepEqual(await rig.verdict(), CLEAN);
  });
}

test('lines arrive over TLS when the TLS options are log-opts and the name of the host is checked', async (t) => {
  const nats = await startTls(t, 'server');
  const rig = await startDriver(t, { NATS_SERVERS: `localhost:${nats.port}`, NATS_SECRET_DIRS: certificates.dir });
  await rig.subscribe(nats.url, trusting('ca'));
  const container = await rig.container('web', { 'nats-tls-ca-cert': certificates.pem('ca') });
  await container.write(1000);
  t.deepEqual(await rig.verdict(), CLEAN);
});

const badServers: readonly CertificateName[] = ['stranger', 'expired', 'wrong-name'];

for (const server of badServers) {
  test(`nats-tls-skip-verify accepts the certificate "${server}", with a warning`, async (t) => {
    const nats = await startTls(t, server);
    const rig = await startDriver(t, { NATS_SERVERS: nats.url });
    await rig.subscribe(nats.url, { tls: TRUST_ALL });
    const container = await rig.container('web', { 'nats-tls-skip-verify': '' });
    await container.write(100);
    t.deepEqual(await rig.verdict(), CLEAN);
    t.true(rig.plugin.log().some(({ level, msg }) => level === 'warn' && msg.includes('nats-tls-skip-verify')));
  });
}

const untrusted = /signed by a CA that is not trusted/;
const failures: readonly (Case & { readonly reason: RegExp })[] = [
  { title: 'only the system\'s CAs are trusted', server: 'server', env: () => ({}), reason: untrusted },
  { title: 'the server\'s certificate is from another CA', server: 'stranger', env: ownCa, reason: untrusted },
  { title: 'the server\'s certificate has expired', server: 'expired', env: ownCa, reason: /has expired/ },
  { title: 'the server\'s certificate is for another name', server: 'wrong-name', env: ownCa, reason: /is for another name/ },
  {
    title: 'a client certificate is asked for and not given',
    server: 'server', clients: 'verify clients', env: ownCa, reason: /client certificate/,
  },
  {
    title: 'the client certificate is from another CA',
    server: 'server', clients: 'verify clients', env: strangerPair, reason: /client certificate/,
  },
];

for (const { title, server, clients, env, reason } of failures) {
  test(`N6: the login stays unsaid and the log says why when ${title}`, async (t) => {
    const nats = await startTls(t, server, clients);
    const proxy = await startProxy(t, nats.port);
    await proxy.accept();
    const rig = await startDriver(t, {
      NATS_SERVERS: `tls://127.0.0.1:${proxy.port}`, NATS_USER: 'logger', NATS_PASS: CANARY, ...env(),
    });
    const container = await rig.container('web');
    await container.write(100);
    const line = await rig.plugin.logged('cannot connect to NATS');
    t.regex(String(line['reason']), reason);
    await until('three attempts', () => proxy.accepted >= 3);
    t.is(rig.plugin.log('cannot connect to NATS').length, 1, 'one line per minute');
    t.deepEqual(rig.plugin.log('connected to NATS'), []);
    t.false(proxy.sent.includes('CONNECT'), 'a command in plain text');
  });
}

test('with nats-tls-server-name the certificate must carry that name, and not that of the address', async (t) => {
  const nats = await startTls(t, 'wrong-name');
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, ...ownCa(), NATS_TLS_SERVER_NAME: 'elsewhere.test' });
  await rig.subscribe(nats.url, { tls: TRUST_ALL });
  const container = await rig.container('web');
  await container.write(100);
  t.deepEqual(await rig.verdict(), CLEAN);
});

const named: readonly { readonly title: string; readonly server: CertificateName; readonly name: string; readonly reason: RegExp }[] = [
  { title: 'is for another one', server: 'server', name: 'elsewhere.test', reason: /is for another name/ },
  { title: 'has expired', server: 'expired', name: 'nats.test', reason: /has expired/ },
  { title: 'is from an unknown CA', server: 'stranger', name: 'nats.test', reason: untrusted },
];

for (const { title, server, name, reason } of named) {
  test(`with nats-tls-server-name=${name} a certificate is not taken when it ${title}`, async (t) => {
    const nats = await startTls(t, server);
    const rig = await startDriver(t, { NATS_SERVERS: nats.url, ...ownCa(), NATS_TLS_SERVER_NAME: name });
    const container = await rig.container('web');
    await container.write(100);
    const line = await rig.plugin.logged('cannot connect to NATS');
    t.regex(String(line['reason']), reason);
    t.deepEqual(rig.plugin.log('connected to NATS'), []);
  });
}

test('with nats-tls-handshake-first the driver speaks TLS before the server has said anything, and lines arrive', async (t) => {
  const nats = await startNats(t);
  const proxy = await startTlsProxy(nats.port, certificates, 'server');
  t.teardown(() => proxy.stop());
  const rig = await startDriver(t, {
    NATS_SERVERS: `127.0.0.1:${proxy.port}`, ...ownCa(), NATS_TLS_SERVER_NAME: 'nats.test', NATS_TLS_HANDSHAKE_FIRST: 'true',
  });
  await rig.subscribe(nats.url);
  const container = await rig.container('web');
  await container.write(1000);
  t.deepEqual(await rig.verdict(), CLEAN);
  t.deepEqual([proxy.accepted, proxy.names], [1, ['nats.test']]);
});

test('without nats-tls-handshake-first such a server is waited for in vain, and nothing is said in plain text', async (t) => {
  const nats = await startNats(t);
  const behind = await startTlsProxy(nats.port, certificates, 'server');
  t.teardown(() => behind.stop());
  const proxy = await startProxy(t, behind.port);
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, ...ownCa(), NATS_CONNECT_TIMEOUT: '300ms' });
  const container = await rig.container('web');
  await container.write();
  await rig.plugin.logged('cannot connect to NATS', { reason: /no answer within the time limit/ });
  await until('three attempts', () => proxy.accepted >= 3);
  t.is(proxy.sent.length, 0);
  await until('at most one attempt is open', () => proxy.open <= 1);
});

const handshakes: readonly { readonly server: CertificateName; readonly reason: RegExp }[] = [
  { server: 'stranger', reason: untrusted }, { server: 'expired', reason: /has expired/ }, { server: 'wrong-name', reason: /is for another name/ },
];

for (const { server, reason } of handshakes) {
  test(`nats-tls-handshake-first verifies the certificate as well: "${server}"`, async (t) => {
    const nats = await startNats(t);
    const proxy = await startTlsProxy(nats.port, certificates, server);
    t.teardown(() => proxy.stop());
    const rig = await startDriver(t, { NATS_SERVERS: `127.0.0.1:${proxy.port}`, ...ownCa(), NATS_TLS_HANDSHAKE_FIRST: 'true' });
    const container = await rig.container('web');
    await container.write();
    const line = await rig.plugin.logged('cannot connect to NATS');
    t.regex(String(line['reason']), reason);
    t.deepEqual(rig.plugin.log('connected to NATS'), []);
  });
}

test('nats-tls-handshake-first never falls back to plain text', async (t) => {
  const nats = await startNats(t);
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_TLS_HANDSHAKE_FIRST: 'true', NATS_USER: 'logger', NATS_PASS: CANARY });
  const container = await rig.container('web');
  await container.write();
  await rig.plugin.logged('cannot connect to NATS');
  t.false(proxy.sent.includes('CONNECT'), 'a command in plain text');
});

interface Plain {
  readonly title: string;
  readonly scheme: string;
  readonly env: () => NodeJS.ProcessEnv;
}

const plains: readonly Plain[] = [
  { title: 'the address says tls://', scheme: 'tls', env: () => ({}) },
  { title: 'a CA is named', scheme: 'nats', env: ownCa },
  { title: 'nats-tls-skip-verify is set', scheme: 'nats', env: () => ({ NATS_TLS_SKIP_VERIFY: 'true' }) },
];

for (const { title, scheme, env } of plains) {
  test(`nothing at all is said to a server without TLS when ${title}`, async (t) => {
    const nats = await startNats(t);
    const proxy = await startProxy(t, nats.port);
    await proxy.accept();
    const rig = await startDriver(t, {
      NATS_SERVERS: `${scheme}://127.0.0.1:${proxy.port}`, NATS_USER: 'logger', NATS_PASS: CANARY, ...env(),
    });
    const container = await rig.container('web');
    await container.write(100);
    const { reason } = await rig.plugin.logged('cannot connect to NATS');
    t.is(reason, 'the server does not offer TLS');
    await until('three attempts', () => proxy.accepted >= 3);
    t.is(proxy.sent.toString(), '');
  });
}

test('user and password cross the wire encrypted only', async (t) => {
  const login = { user: 'logger', pass: `${CANARY}-tls` };
  const config = `${tlsConfig('server')}authorization { user: ${login.user}, password: "${login.pass}" }\n`;
  const nats = await startNats(t, { config, directory: certificates.dir });
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const rig = await startDriver(t, {
    NATS_SERVERS: `tls://127.0.0.1:${proxy.port}`, NATS_USER: login.user, NATS_PASS: login.pass, ...ownCa(),
  });
  await rig.subscribe(nats.url, { ...trusting('ca'), ...login });
  const container = await rig.container('web');
  await container.write(100);
  t.deepEqual(await rig.verdict(), CLEAN);
  t.false(proxy.sent.includes(CANARY));
});

test('N6: a renewed certificate is used at the next connection, without a restart', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'nld-renewal-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const ca = join(dir, 'ca.pem');
  copyFileSync(certificates.pem('other-ca'), ca);
  const nats = await startLocalNats(t, { config: tlsConfig('server'), directory: certificates.dir });
  const rig = await startDriver(t, { NATS_SERVERS: `tls://127.0.0.1:${nats.port}`, NATS_TLS_CA_CERT: ca });
  await rig.subscribe(nats.url, trusting('ca'));
  const container = await rig.container('web');
  await container.write(100);
  await rig.plugin.logged('cannot connect to NATS', { reason: untrusted });
  copyFileSync(certificates.pem('ca'), ca);
  t.deepEqual(await rig.verdict(), CLEAN);
});

test('N6: a certificate file that is gone at a connection is named, and read when it is there again', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'nld-renewal-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const ca = join(dir, 'ca.pem');
  copyFileSync(certificates.pem('ca'), ca);
  const nats = await startLocalNats(t, { config: tlsConfig('server'), directory: certificates.dir });
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: `tls://127.0.0.1:${proxy.port}`, NATS_TLS_CA_CERT: ca });
  await rig.subscribe(nats.url, trusting('ca'));
  const container = await rig.container('web');
  await container.write(100);
  t.deepEqual(await rig.verdict(), CLEAN);
  rmSync(ca);
  proxy.cut();
  await container.write(100);
  await rig.plugin.logged('cannot connect to NATS', { reason: `nats-tls-ca-cert: expected a readable file, found nothing at ${JSON.stringify(ca)}; a managed plugin sees only the files below its mount, /srv` });
  copyFileSync(certificates.pem('ca'), ca);
  t.deepEqual(await rig.verdict(), CLEAN);
});

test('N6: a renewed client certificate is used at the next connection, without a restart', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'nld-renewal-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const [cert, key] = [join(dir, 'client.pem'), join(dir, 'client.key')];
  copyFileSync(certificates.pem('stranger'), cert);
  copyFileSync(certificates.key('stranger'), key);
  const nats = await startLocalNats(t, { config: tlsConfig('server', 'verify clients'), directory: certificates.dir });
  const rig = await startDriver(t, { NATS_SERVERS: nats.url, ...ownCa(), NATS_TLS_CERT: cert, NATS_TLS_KEY: key });
  await rig.subscribe(nats.url, trusting('ca'));
  const container = await rig.container('web');
  await container.write(100);
  await rig.plugin.logged('cannot connect to NATS', { reason: /client certificate/ });
  copyFileSync(certificates.pem('client'), cert);
  copyFileSync(certificates.key('client'), key);
  t.deepEqual(await rig.verdict(), CLEAN);
});
