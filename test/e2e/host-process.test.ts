import { copyFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeCertificates, tlsConfig } from '../support/certificates.ts';
import { Collector, FIXED_KEYS } from '../support/e2e-collector.ts';
import { HostProcess } from '../support/e2e-host-process.ts';
import { hostRestarts } from '../support/e2e-restarts.ts';
import { Site } from '../support/e2e-site.ts';
import test from '../support/e2e-test.ts';
import { BUSYBOX_IMAGE } from '../support/images.ts';
import { startNatsProcess } from '../support/nats-process.ts';

let site: Site;
let host: HostProcess;
test.before(async () => {
  site = await Site.open();
  host = new HostProcess();
  await host.start();
});
test.after.always(async () => {
  await host[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

test.serial('a process on the host is a log driver by the name of its socket', async (t) => {
  await site.start(t, { name: 'on-host', driver: host.driver, opts: { tag: '{{.Name}}' }, command: 'echo out; echo err >&2' });
  await site.untilEnded('on-host');
  const messages = await site.collector.messages('on-host', 2);
  const [id = '', imageId = ''] = (await site.inspect('on-host', '{{.Id}} {{.Image}}')).split(' ');
  t.deepEqual(messages.map(({ body: { source, text } }) => `${source}: ${text}`).sort(), ['stderr: err', 'stdout: out']);
  for (const { subject, body } of messages) {
    const { time, text, source, ...constant } = body;
    t.is(subject, 'docker.logs');
    t.deepEqual(Object.keys(body), FIXED_KEYS);
    t.deepEqual(constant, {
      container_id: id, container_name: 'on-host', image_id: imageId, image_name: BUSYBOX_IMAGE, hostname: hostname(), tag: 'on-host',
    });
  }
  t.regex(await site.docker.run('logs', 'on-host'), /^out$/m);
});

test.serial('a process on the host reads certificates by their path on the host', async (t) => {
  const certificates = await makeCertificates();
  t.teardown(() => certificates.remove());
  const nats = await startNatsProcess({ config: tlsConfig('server'), directory: certificates.dir });
  t.teardown(() => nats.stop());
  const collector = await Collector.connect({ servers: nats.url, tls: { caFile: certificates.pem('ca') } });
  t.teardown(() => collector.close());
  const ca = join(host.secrets, 'ca.pem');
  copyFileSync(certificates.pem('ca'), ca);
  const opts = { 'nats-servers': nats.url, 'nats-tls-ca-cert': ca };
  await site.run({ name: 'host-tls', driver: host.driver, opts, command: 'echo hello' });
  t.is((await collector.only('host-tls')).body.text, 'hello');
});

test.serial('what a process on the host refuses is told by docker run', async (t) => {
  const opts = { 'nats-pass': 'canary' };
  const { code, stderr } = await site.try({ name: 'host-refused', driver: host.driver, opts, command: 'echo hello' });
  t.true(stderr.includes('error creating logger: nats: nats-pass: needs nats-user as well (log-opt)'), stderr);
  t.false(stderr.includes('canary'));
  t.is(code, 125);
});

test.serial('P1 P2 the process is killed and ended in good order while a container writes: the next one goes on with it', async (t) => {
  const { lost, reordered, left } = await hostRestarts(2, site, host);
  t.deepEqual({ lost, reordered, left }, { lost: 0, reordered: 0, left: [] });
});
