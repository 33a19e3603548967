import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { OptionError } from '../../src/options/option-error.ts';
import { loadSettings } from '../../src/options/resolve.ts';
import { planSession } from '../../src/plan.ts';
import { SAMPLE_INFO } from '../support/info.ts';
import { readPage, ROOT } from '../support/pages.ts';

const page = readPage('docs/troubleshooting.md');

const refusals: readonly Readonly<Record<string, string>>[] = [
  { 'nats-server': 'nats://nats-1:4222' },
  { tag: 'my app' },
  { 'nats-tls-ca-cert': '/certs/ca.pem' },
  { 'nats-token-file': '/srv/token' },
  { 'nats-token-file': '/home/me/token' },
  { 'nats-user': 'me', 'nats-token': 'secret' },
];

for (const logOpts of refusals) {
  test(`docs/troubleshooting.md quotes exactly how ${JSON.stringify(logOpts)} is refused`, (t) => {
    const error = t.throws(() => planSession(loadSettings({}, []), { ...SAMPLE_INFO, Config: logOpts }, 'docker-host-1'), { instanceOf: OptionError });
    t.true(page.spans.includes(error.message), `it does not quote: ${error.message}`);
  });
}

const quotations: readonly string[] = [
  'configuration refused',
  'cannot connect to NATS',
  'connection refused',
  'the server\'s certificate was signed by a CA that is not trusted (nats-tls-ca-cert names what to trust)',
  'the server\'s certificate is for another name',
  'the server does not offer TLS',
  'NATS refuses the login',
  'the server refused the credentials',
  'the seed of the nkey is damaged (nats-creds, nats-nkey)',
  'a file is read for the operator\'s servers only',
  'is not among the options that containers may set, allow at',
  'NATS does not permit this user to publish to the subject: its lines are dropped',
];

test('what docs/troubleshooting.md quotes from the log of the driver is what the program says', (t) => {
  const files = globSync('src/**/*.ts', { cwd: ROOT }).map((path) => readFileSync(join(ROOT, path), 'utf8'));
  const source = files.join('').replaceAll('\\\'', '\'');
  for (const text of quotations) {
    t.true(source.includes(text), `the program does not say: ${text}`);
    t.true(page.spans.includes(text), `it does not quote: ${text}`);
  }
});
