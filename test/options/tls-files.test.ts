import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { OptionError } from '../../src/options/option-error.ts';
import { loadSettings, resolveOptions } from '../../src/options/resolve.ts';
import { tlsReader } from '../../src/options/tls-files.ts';
import { makeCertificates, type Certificates } from '../support/certificates.ts';

const test = anyTest as TestFn<{ certificates: Certificates }>;

test.before(async (t) => {
  t.context.certificates = await makeCertificates();
});

test.after.always((t) => t.context.certificates.remove());

const ANYWHERE = { NATS_SECRET_DIRS: '/' };

function problems(logOpts: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = ANYWHERE): readonly string[] {
  try {
    resolveOptions(loadSettings(env, []), logOpts);
    return [];
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return error.problems.map(({ option, wanted }) => `${option}: ${wanted}`);
  }
}

test('files that belong together are taken over as they are named', (t) => {
  const { certificates } = t.context;
  const [caFile, certFile, keyFile] = [certificates.pem('ca'), certificates.pem('client'), certificates.key('client')];
  const logOpts = { 'nats-tls-ca-cert': caFile, 'nats-tls-cert': certFile, 'nats-tls-key': keyFile };
  const { tls, servers } = resolveOptions(loadSettings(ANYWHERE, []), logOpts);
  t.deepEqual(tls, { caFile, certFile, keyFile, confined: [caFile, certFile, keyFile], handshakeFirst: false, skipVerify: false });
  t.true(servers.every((server) => server.tls));
});

test('a bundle of many authorities is taken', (t) => {
  t.deepEqual(problems({ 'nats-tls-ca-cert': '/etc/ssl/certs/ca-certificates.crt' }), []);
});

test('a key of another certificate is refused', (t) => {
  t.deepEqual(problems({ 'nats-tls-cert': t.context.certificates.pem('client'), 'nats-tls-key': t.context.certificates.key('server') }), [
    'nats-tls-key: does not belong to the certificate of nats-tls-cert',
  ]);
});

test('certificate and key in each other\'s place are refused, both', (t) => {
  const [pem, key] = [t.context.certificates.pem('client'), t.context.certificates.key('client')];
  t.deepEqual(problems({ 'nats-tls-cert': key, 'nats-tls-key': pem }).map((text) => text.split(',')[0]), [
    'nats-tls-cert: expected a PEM certificate',
    'nats-tls-key: expected a PEM private key that is not encrypted',
  ]);
});

test('an encrypted key is refused', (t) => {
  const path = join(t.context.certificates.dir, 'encrypted.key');
  execFileSync('openssl', ['pkey', '-in', t.context.certificates.key('client'), '-aes256', '-passout', 'pass:x', '-out', path]);
  t.deepEqual(problems({ 'nats-tls-cert': t.context.certificates.pem('client'), 'nats-tls-key': path }).map((text) => text.split(',')[0]), [
    'nats-tls-key: expected a PEM private key that is not encrypted',
  ]);
});

test('a file that is no PEM is refused without showing a byte of it', (t) => {
  const path = join(t.context.certificates.dir, 'other.pem');
  writeFileSync(path, 'CANARY');
  const texts = problems({ 'nats-tls-ca-cert': path });
  t.is(texts.length, 1);
  t.false(texts.join().includes('CANARY'));
});

test('an endless file is refused without being read to its end', (t) => {
  const path = join(t.context.certificates.dir, 'huge.pem');
  copyFileSync(t.context.certificates.pem('ca'), path);
  truncateSync(path, 10 * 1024 ** 3);
  t.regex(problems({ 'nats-tls-ca-cert': path }).join(), /found more than 1048576 bytes/);
});

test('a FIFO is refused at once', (t) => {
  const path = join(t.context.certificates.dir, 'fifo.pem');
  execFileSync('mkfifo', [path]);
  t.regex(problems({ 'nats-tls-ca-cert': path }).join(), /found something that is no regular file/);
});

test('the files of a container lie in the folders of nats-secret-dirs, wherever links lead; those of the operator lie anywhere', (t) => {
  const { certificates } = t.context;
  const [ca, cert, key] = [certificates.pem('ca'), certificates.pem('client'), certificates.key('client')];
  const env = { NATS_SECRET_DIRS: '/run/secrets' };
  const logOpts = { 'nats-tls-ca-cert': ca, 'nats-tls-cert': cert, 'nats-tls-key': '/etc/shadow' };
  const wanted = (path: string): string => `expected a file in a folder of nats-secret-dirs (/run/secrets), "${path}" leads elsewhere`;
  t.deepEqual(problems(logOpts, env), [`nats-tls-ca-cert: ${wanted(ca)}`, `nats-tls-cert: ${wanted(cert)}`, `nats-tls-key: ${wanted('/etc/shadow')}`]);
  const { tls } = resolveOptions(loadSettings({ ...env, NATS_TLS_CA_CERT: ca, NATS_TLS_CERT: cert, NATS_TLS_KEY: key }, []), {});
  t.deepEqual(tls, { caFile: ca, certFile: cert, keyFile: key, handshakeFirst: false, skipVerify: false });
});

test('a connection reads the files of a container from these folders only, however large they have become since', (t) => {
  const { certificates } = t.context;
  const [caFile, certFile] = [certificates.pem('ca'), certificates.pem('client')];
  const tls = { caFile, certFile, handshakeFirst: false, skipVerify: false };
  t.deepEqual(tlsReader(() => [])(tls), { ca: readFileSync(caFile), cert: readFileSync(certFile) }, 'those of the operator');
  t.throws(() => tlsReader(() => ['/run/secrets'])({ ...tls, confined: [certFile] }), { message: /^nats-tls-cert: expected a file in a folder of nats-secret-dirs/ });
  t.deepEqual(tlsReader(() => [dirname(certFile)])({ ...tls, confined: [certFile] }), { ca: readFileSync(caFile), cert: readFileSync(certFile) });
  t.throws(() => tlsReader(() => [])({ ...tls, caFile: '/dev/zero' }), { message: /^nats-tls-ca-cert: expected a readable file, found something that is no regular file/ });
});
