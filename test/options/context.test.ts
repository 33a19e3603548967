import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { OptionError } from '../../src/options/option-error.ts';
import { loadSettings, resolveOptions, type ResolvedOptions } from '../../src/options/resolve.ts';
import { makeCertificates } from '../support/certificates.ts';
import { makeSecretFolder, type SecretFolder } from '../support/secret-folder.ts';

function resolve({ dir }: SecretFolder, logOpts: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): ResolvedOptions {
  return resolveOptions(loadSettings({ NATS_SECRET_DIRS: dir, ...env }, []), logOpts);
}

function refusal(t: ExecutionContext, folder: SecretFolder, context: string): string {
  return t.throws(() => resolve(folder, { 'nats-context': context }), { instanceOf: OptionError }).message;
}

test('a context brings servers, inbox prefix, JetStream domain and TLS; its login stays where it is', async (t) => {
  const certificates = await makeCertificates();
  t.teardown(() => certificates.remove());
  const folder = makeSecretFolder(t);
  const path = folder.put('shop.json', JSON.stringify({
    description: 'shop', url: 'tls://me:CANARY@a.test:4222, nats://b.test', user: 'me', password: 'CANARY', token: '', tls_first: true,
    ca: certificates.pem('ca'), cert: certificates.pem('client'), key: certificates.key('client'), inbox_prefix: '_INBOX_me', jetstream_domain: 'hub',
  }));
  const { options, servers, tls, login, origins, warnings } = resolve(folder, {}, { NATS_CONTEXT: path });
  t.deepEqual(servers, [{ host: 'a.test', port: 4222, tls: true }, { host: 'b.test', port: 4222, tls: true }]);
  t.deepEqual(tls, {
    caFile: certificates.pem('ca'), certFile: certificates.pem('client'), keyFile: certificates.key('client'), handshakeFirst: true, skipVerify: false,
  });
  t.deepEqual([options['nats-inbox-prefix'], options['nats-jetstream-domain']], ['_INBOX_me', 'hub']);
  t.deepEqual(login, { context: { file: path } });
  t.deepEqual(origins.get('nats-servers'), { origin: `context ${path}, plugin setting NATS_CONTEXT`, value: 'tls://a.test:4222,nats://b.test:4222' });
  t.false(JSON.stringify([...origins, warnings]).includes('CANARY'));
});

test('what is set beside a context wins over it, and a context over weaker layers', (t) => {
  const folder = makeSecretFolder(t);
  const path = folder.put('shop.json', '{"url":"a.test"}');
  t.is(resolve(folder, {}, { NATS_CONTEXT: path, NATS_SERVERS: 'b.test' }).servers[0]?.host, 'b.test');
  t.is(resolve(folder, { 'nats-context': path }, { NATS_SERVERS: 'b.test' }).servers[0]?.host, 'a.test');
});

for (const place of ['context', 'nats/context']) {
  test(`a context is found by its name below a folder of secrets, in ${place}`, (t) => {
    const folder = makeSecretFolder(t);
    mkdirSync(join(folder.dir, place), { recursive: true });
    const path = folder.put(`${place}/shop eu.json`, '{"url":"a.test"}');
    const { servers, login } = resolve(folder, { 'nats-context': 'shop eu' });
    t.deepEqual([servers[0]?.host, login], ['a.test', { context: { file: path } }]);
  });
}

test('paths may begin with the home folder', (t) => {
  const folder = makeSecretFolder(t);
  const path = folder.put('shop.json', '{"url":"a.test","creds":"~/x.creds"}');
  t.is(refusal(t, folder, path).includes(join(homedir(), 'x.creds')), true);
});

test('a context that cannot be used is refused by its option and path', (t) => {
  const folder = makeSecretFolder(t);
  const [broken, nsc, bad] = [folder.put('broken.json', '["CANARY"'), folder.put('nsc.json', '{"nsc":"nsc://o/a/u"}'), folder.put('bad.json', '{"url":"ws://me:CANARY@a"}')];
  t.is(refusal(t, folder, 'nowhere'), `nats: nats-context: expected a readable file, found nothing at "${folder.dir}/context/nowhere.json"; a managed plugin sees only the files below its mount, /srv (log-opt)`);
  t.is(refusal(t, folder, broken), `nats: nats-context: expected a context of the nats command line, found something else in "${broken}" (log-opt)`);
  t.is(refusal(t, folder, nsc), `nats: nats-context: the context "${nsc}" names nsc, which is not asked here: write the path of its credentials under creds (log-opt)`);
  t.is(refusal(t, folder, bad), `nats: nats-servers: expected nats://, tls:// or a bare host:port, got "ws://me:***@a" (context ${bad}, log-opt)`);
  t.regex(refusal(t, folder, '/etc/hostname'), /^nats: nats-context: expected a file in a folder of nats-secret-dirs/);
  t.is(refusal(t, folder, '../up'), 'nats: nats-context: expected the name of a context, or the absolute path of its file, got "../up" (log-opt)');
});

test('a context that leads another way to NATS than the driver can go is refused, and its secrets are not said', (t) => {
  const folder = makeSecretFolder(t);
  const path = folder.put('shop.json', '{"url":"a.test","socks_proxy":"socks5://me:CANARY@proxy","jetstream_api_prefix":"shop.js"}');
  const text = refusal(t, folder, path);
  t.true(text.includes(`nats-context: the context ${JSON.stringify(path)} has socks_proxy, jetstream_api_prefix, which the driver does not follow`), text);
  t.false(text.includes('CANARY'));
});

test('the API prefix of a domain in a context is the domain', (t) => {
  const folder = makeSecretFolder(t);
  const path = folder.put('shop.json', '{"url":"a.test","jetstream_api_prefix":"$JS.hub.API","socks_proxy":""}');
  t.is(resolve(folder, { 'nats-context': path }).options['nats-jetstream-domain'], 'hub');
});
