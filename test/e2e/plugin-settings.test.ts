import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificates, tlsConfig } from '../support/certificates.ts';
import type { CertificateName, Certificates } from '../support/certificates.ts';
import { Collector } from '../support/e2e-collector.ts';
import { Site } from '../support/e2e-site.ts';
import type { RunOptions } from '../support/e2e-site.ts';
import test from '../support/e2e-test.ts';
import { startNatsProcess } from '../support/nats-process.ts';

let site: Site;
/** The plugin sees this folder of the host as /srv. */
let certificates: Certificates;

test.before(async () => {
  site = await Site.open();
  certificates = await makeCertificates();
  await site.setPlugin(`files.source=${certificates.dir}`);
});

test.after.always(async () => {
  await site.setPlugin('files.source=/srv', 'NATS_SERVERS=', 'NATS_SUBJECT=', 'TAG=', 'LABELS=');
  certificates.remove();
  await site[Symbol.asyncDispose]();
});

/** Runs a container that writes one line to a server with that certificate, and resolves with what arrived. */
async function deliverOverTls(
  server: CertificateName,
  verify: 'verify clients' | 'any client',
  options: Omit<RunOptions, 'command'>,
): Promise<string> {
  const nats = await startNatsProcess({ config: tlsConfig(server, verify), directory: certificates.dir });
  try {
    const tls = {
      caFile: certificates.pem(server === 'stranger' ? 'other-ca' : 'ca'),
      certFile: certificates.pem('client'),
      keyFile: certificates.key('client'),
    };
    const collector = await Collector.connect({ servers: nats.url, tls });
    const opts = { 'nats-servers': `tls://127.0.0.1:${nats.port}`, ...options.opts };
    await site.run({ ...options, opts, command: 'echo hello' });
    const { body } = await collector.only(options.name);
    await collector.close();
    return body.text;
  } finally {
    await nats.stop();
  }
}

test.serial('the files mount carries the certificate authority', async (t) => {
  const opts = { 'nats-tls-ca-cert': '/srv/ca.pem' };
  t.is(await deliverOverTls('server', 'any client', { name: 'tls-ca', opts }), 'hello');
});

test.serial('the files mount carries the client certificate and its key', async (t) => {
  const opts = { 'nats-tls-ca-cert': '/srv/ca.pem', 'nats-tls-cert': '/srv/client.pem', 'nats-tls-key': '/srv/client.key' };
  t.is(await deliverOverTls('server', 'verify clients', { name: 'tls-client', opts }), 'hello');
});

test.serial('a bare nats-tls-skip-verify accepts a certificate that nobody vouches for', async (t) => {
  t.is(await deliverOverTls('stranger', 'any client', { name: 'tls-skip', opts: { 'nats-tls-skip-verify': true } }), 'hello');
});

test.serial('a client certificate with the key of another is refused, and the file\'s content is not shown', async (t) => {
  const opts = { 'nats-tls-cert': '/srv/client.pem', 'nats-tls-key': '/srv/server.key' };
  const { code, stderr } = await site.try({ name: 'tls-pair', opts, command: 'echo hello' });
  t.true(stderr.includes('nats: nats-tls-key: does not belong to the certificate of nats-tls-cert (log-opt)'), stderr);
  t.is(code, 125);
});

test.serial('a secret in a file beneath the mount logs in, whether a log-opt or a plugin setting names it, and no inspection shows it', async (t) => {
  const token = 'canary-of-the-mount';
  writeFileSync(join(certificates.dir, 'token'), `${token}\n`, { mode: 0o600 });
  const nats = await startNatsProcess({ config: `authorization { token: "${token}" }\n` });
  t.teardown(() => nats.stop());
  const collector = await Collector.connect({ servers: nats.url, token });
  const opts = { 'nats-servers': nats.url, 'nats-token-file': '/srv/token' };
  await site.start(t, { name: 'by-file', opts, command: 'echo hello' });
  t.is((await collector.only('by-file')).body.text, 'hello');
  await site.setPlugin(`NATS_SERVERS=${nats.url}`, 'NATS_TOKEN_FILE=/srv/token');
  await site.start(t, { name: 'by-setting', opts: { 'nats-servers': undefined }, command: 'echo hello' });
  t.is((await collector.only('by-setting')).body.text, 'hello');
  const shown = await site.docker.run('inspect', 'by-file', 'by-setting') + await site.docker.run('plugin', 'inspect', 'nats');
  t.true(shown.includes('"nats-token-file": "/srv/token"') && shown.includes('NATS_TOKEN_FILE=/srv/token'));
  t.false(shown.includes(token));
  await site.setPlugin('NATS_SERVERS=', 'NATS_TOKEN_FILE=');
  await collector.close();
});

/** Without log-opts. */
const NOTHING = { 'nats-servers': undefined, 'nats-subject': undefined } as const;

test.serial('docker plugin set gives the options of every container, and a log-opt wins over it', async (t) => {
  await site.setPlugin(`NATS_SERVERS=${site.nats.url}`, 'NATS_SUBJECT=set.{{.Name}}', 'TAG=set', 'LABELS=team');
  const flags = ['--label', 'team=core'];
  await site.run({ name: 'by-setting', opts: NOTHING, flags, command: 'echo hello' });
  await site.run({ name: 'by-log-opt', opts: { ...NOTHING, 'nats-subject': 'opt', 'tag': 'mine' }, flags, command: 'echo hello' });
  const setting = await site.collector.only('by-setting');
  const logOpt = await site.collector.only('by-log-opt');
  t.deepEqual([setting.subject, setting.body.tag, setting.body['team']], ['set.by-setting', 'set', 'core']);
  t.deepEqual([logOpt.subject, logOpt.body.tag, logOpt.body['team']], ['opt', 'mine', 'core']);
});

test.serial('a wrong plugin setting is named by its own name in the answer to docker run', async (t) => {
  await site.setPlugin(`NATS_SERVERS=${site.nats.url}`, 'NATS_SUBJECT=two words', 'TAG=', 'LABELS=');
  const { code, stderr } = await site.try({ name: 'bad-setting', opts: NOTHING, command: 'echo hello' });
  const shown = 'nats: nats-subject: expected a legal subject, got "two words", which holds a blank or a control character '
    + '(plugin setting NATS_SUBJECT)';
  t.true(stderr.includes(shown), stderr);
  t.is(code, 125);
});

test.serial('the YAML file beneath the files mount gives the options of every container, and a plugin setting wins over it', async (t) => {
  const dir = join(certificates.dir, 'nats-log-driver');
  mkdirSync(dir);
  const options = ['nats-servers:', `  - ${site.nats.url}`, 'nats-subject: yaml.{{.Name}}', 'tag: from yaml', 'labels: [team]'];
  writeFileSync(join(dir, 'config.yaml'), ['defaults:', ...options.map((line) => `  ${line}`), ''].join('\n'));
  await site.setPlugin('NATS_SERVERS=', 'NATS_SUBJECT=', 'TAG=from setting', 'LABELS=');
  await site.run({ name: 'by-yaml', opts: NOTHING, flags: ['--label', 'team=core'], command: 'echo hello' });
  const { subject, body } = await site.collector.only('by-yaml');
  t.deepEqual([subject, body.tag, body['team']], ['yaml.by-yaml', 'from setting', 'core']);
});
