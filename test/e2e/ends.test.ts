import type { DriverStatus } from '../../src/core/status.ts';
import { HostProcess } from '../support/e2e-host-process.ts';
import { numbers } from '../support/e2e-scripts.ts';
import { Site } from '../support/e2e-site.ts';
import test from '../support/e2e-test.ts';
import { get } from '../support/http.ts';
import { BUSYBOX_IMAGE } from '../support/images.ts';
import { until } from '../support/wait.ts';

let site: Site;
let host: HostProcess;
test.before(async () => {
  site = await Site.open();
  // Whose books are those of these tests alone.
  host = new HostProcess();
  await host.start();
});
test.after.always(async () => {
  await host[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const PADDING = 'x'.repeat(150);
/** As many lines as there is time for. */
const FLOOD = `seq 1 100000000 | sed "s/$/ ${PADDING}/"`;

/** That no session is left, and what was read and confirmed since `before`. */
async function closedBooks(before: DriverStatus): Promise<{ read: number; confirmed: number }> {
  const now = await until('all sessions have ended', async () => {
    const status = await statusNow();
    return status.sessions.length === 0 && status;
  });
  const since = (of: (status: DriverStatus) => number): number => of(now) - of(before);
  return { read: since(({ totals }) => totals.core.lines_read), confirmed: since(({ totals }) => totals.core.lines_confirmed) };
}

async function statusNow(): Promise<DriverStatus> {
  return JSON.parse((await get(host.socket, '/status')).body) as DriverStatus;
}

test.serial('docker kill and docker rm -f of containers that flood: every line that was read comes once, in order, and the books are closed', async (t) => {
  const before = await statusNow();
  const names = ['killed', 'removed'] as const;
  for (const name of names) await site.start(t, { name, driver: host.driver, opts: { 'cache-disabled': 'true' }, command: FLOOD });
  for (const name of names) await site.collector.messages(name, 1000);
  await Promise.all([site.docker.run('kill', 'killed'), site.docker.run('rm', '--force', 'removed')]);
  const { read, confirmed } = await closedBooks(before);
  await until('every line has come', () => site.collector.count('killed') + site.collector.count('removed') >= confirmed);
  t.is(confirmed, read);
  t.is(site.collector.count('killed') + site.collector.count('removed'), read);
  for (const name of names) {
    const texts = site.collector.received(name);
    const whole = texts.slice(0, -1);
    t.true(whole.every((text, at) => text === `${at + 1} ${PADDING}`), `${name}: its lines are not in order`);
    // A kill cuts a line anywhere.
    t.true(`${texts.length} ${PADDING}`.startsWith(texts.at(-1) ?? '-'), `${name} ends with ${texts.at(-1)}`);
  }
});

test.serial('fifty containers that are started at once, and stopped at once while they write: every line of each comes once, in order', async (t) => {
  const before = await statusNow();
  const names = Array.from({ length: 50 }, (_, at) => `crowd-${at}`);
  const { docker } = site;
  t.teardown(async () => void await docker.try(['rm', '--force', ...names]));
  const script = 'trap "echo end; exit 0" TERM; seq 100; while :; do sleep 1 & wait $!; done';
  const options = ['--network', 'none', '--log-driver', host.driver, '--log-opt', `nats-servers=${site.nats.url}`, '--log-opt', 'cache-disabled=true'];
  await Promise.all(names.map((name) => docker.run('run', '--detach', '--name', name, ...options, BUSYBOX_IMAGE, 'sh', '-c', script)));
  for (const name of names) await site.collector.messages(name, 100);
  await docker.run('stop', ...names);
  const expected = [...numbers(1, 100), 'end'];
  for (const name of names) t.deepEqual(await site.collector.texts(name, expected.length), expected);
  const lines = names.length * expected.length;
  t.deepEqual(await closedBooks(before), { read: lines, confirmed: lines });
});
