import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { FINDINGS } from '../../src/cli/doctor/finding.ts';
import { OptionError } from '../../src/options/option-error.ts';
import { loadSettings } from '../../src/options/resolve.ts';
import { planSession } from '../../src/plan.ts';
import { SAMPLE_INFO } from '../support/info.ts';
import { readPage, ROOT } from '../support/pages.ts';

const page = readPage('docs/troubleshooting.md');

interface Refusal { readonly env?: NodeJS.ProcessEnv; readonly logOpts?: Readonly<Record<string, string>> }

const refusals: readonly Refusal[] = [
  { logOpts: { 'nats-server': 'nats://nats-1:4222' } },
  { logOpts: { tag: 'my app' } },
  { logOpts: { 'nats-tls-ca-cert': '/srv/certs/ca.pem' } },
  { logOpts: { 'nats-token-file': '/srv/token' } },
  { logOpts: { 'nats-token-file': '/home/me/token' } },
  { logOpts: { 'nats-user': 'me', 'nats-token': 'secret' } },
  { env: { NATS_FORMAT: 'jsno' } },
];

function messageOf({ env = {}, logOpts = {} }: Refusal): string {
  try {
    planSession(loadSettings(env, []), { ...SAMPLE_INFO, Config: logOpts }, 'docker-host-1');
  } catch (error) {
    if (error instanceof OptionError) return error.message;
    throw error;
  }
  return 'it is not refused';
}

for (const refusal of refusals) {
  test(`docs/troubleshooting.md quotes exactly how ${JSON.stringify(refusal)} is refused`, (t) => {
    t.true(page.spans.includes(messageOf(refusal)), `it does not quote: ${messageOf(refusal)}`);
  });
}

/** What the engine says, not the driver. */
const OF_THE_ENGINE: readonly string[] = [
  'error looking up logging plugin nats: plugin "nats" not found',
  'plugin nats found but disabled',
  'error mounting "/srv" to rootfs at "/srv": stat /srv: no such file or directory',
  'dial unix /run/docker/plugins/…/nats.sock: connect: no such file or directory',
  'cannot set on an active plugin, disable plugin before setting',
  'failed to set log opts: error looking up logging plugin nats: plugin nats found but disabled',
  'configured logging driver does not support reading',
];

/** The spans of each table's first column: what a reader compares with what the program says. */
function quotations(): readonly string[] {
  const cells = [...page.prose.matchAll(/^\| (.*?) \| /gm)].map(([, cell = '']) => cell);
  return cells.filter((cell) => cell.startsWith('`')).flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span));
}

test('whatever docs/troubleshooting.md quotes, the program or the engine says', (t) => {
  const files = globSync('src/**/*.ts', { cwd: ROOT }).map((path) => readFileSync(join(ROOT, path), 'utf8'));
  const source = files.join('').replaceAll('\\\'', '\'');
  const known: readonly string[] = [...OF_THE_ENGINE, ...refusals.map(messageOf), ...FINDINGS, 'doctor'];
  const quoted = quotations();
  t.true(quoted.length > 80, `it quotes ${quoted.length} texts`);
  for (const text of quoted) t.true(known.includes(text) || source.includes(text), `nobody says: ${text}`);
  for (const text of OF_THE_ENGINE) t.true(quoted.includes(text), `it does not quote: ${text}`);
});

test('docs/troubleshooting.md tells of every finding of doctor, in the order of the code', (t) => {
  const table = page.prose.slice(page.prose.indexOf('## Findings of doctor'));
  t.deepEqual([...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id), [...FINDINGS]);
});
