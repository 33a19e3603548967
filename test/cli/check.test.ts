import { chmodSync } from 'node:fs';
import test from 'ava';
import { runCommand, runProcess, type CommandRun } from '../support/command-run.ts';
import { withFile } from '../support/temporary-file.ts';

/** The path of the file is FILE in what comes back. */
function check(yaml: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}, mode = 0o600): Promise<CommandRun> {
  return withFile(yaml, async (path) => {
    chmodSync(path, mode);
    const { code, out, err } = await runCommand(['check', path, ...args], env);
    return { code, out: out.replaceAll(path, 'FILE'), err };
  });
}

test('a file that is fine is called good', async (t) => {
  t.deepEqual(await check('defaults:\n  nats-servers: nats://nats-1:4222\n'), { code: 0, out: 'good: no errors, no warnings\n', err: '' });
});

test('all errors are told with line and column, in the order of the file', async (t) => {
  const { code, out } = await check('defaults:\n  nats-severs: x\n  nats-max-reconnect: ten\n  tag: "{{.Name"\n');
  t.is(code, 1);
  t.deepEqual(out.split('\n'), [
    'FILE:2:3: error: nats-severs: unknown option, did you mean nats-servers?',
    'FILE:3:3: error: nats-max-reconnect: expected an integer >= -1, got "ten"',
    'FILE:4:3: error: tag: template: log-tag:1: unclosed action',
    'not good: 3 errors, no warnings',
    '',
  ]);
});

test('YAML that is broken is an error at its place', async (t) => {
  const { code, out } = await check('defaults:\n  tag: "x\n');
  t.is(code, 1);
  t.regex(out, /^FILE:\d+:\d+: error: nats-config: broken YAML: /);
});

interface Finding { readonly title: string; readonly yaml: string; readonly env?: NodeJS.ProcessEnv; readonly mode?: number; readonly line: RegExp }

const findings: readonly Finding[] = [
  {
    title: 'a template that gives the sample container an illegal subject',
    yaml: 'defaults:\n  nats-subject: logs.{{.Command}}\n',
    line: /^FILE:2:3: warning: nats-subject: expected a legal subject, got "logs\.\/bin\/sh -c echo hello", which holds a blank .*would be refused$/m,
  },
  {
    title: 'a file that does not exist',
    yaml: 'defaults:\n  nats-tls-ca-cert: /nowhere/ca.pem\n',
    line: /^FILE:2:3: warning: nats-tls-ca-cert: expected a readable file, found nothing at "\/nowhere\/ca\.pem"/m,
  },
  {
    title: 'a secret that others may read',
    yaml: 'defaults:\n  nats-user: me\n  nats-pass: canary\n',
    mode: 0o644,
    line: /^FILE: warning: holds secrets \(nats-pass\), and its mode 0644 .*: chmod 600 "FILE"$/m,
  },
  {
    title: 'a password in an address that others may read',
    yaml: 'defaults:\n  nats-servers: nats://me:canary@nats-1\n',
    mode: 0o640,
    line: /^FILE: warning: holds secrets \(nats-servers\)/m,
  },
  {
    title: 'verification that is switched off',
    yaml: 'defaults:\n  nats-tls-skip-verify: yes\n',
    line: /^FILE:2:3: warning: nats-tls-skip-verify: any server certificate is accepted$/m,
  },
  {
    title: 'a plugin setting that wins',
    yaml: 'defaults:\n  nats-servers: nats-1\n',
    env: { NATS_SERVERS: 'nats-2' },
    line: /^FILE:2:3: warning: nats-servers: the plugin setting NATS_SERVERS of this environment wins over it$/m,
  },
  {
    title: 'an option that does nothing without another',
    yaml: 'defaults:\n  nats-stream: LOGS\n',
    line: /^FILE:2:3: note: nats-stream: has no effect unless nats-transport=jetstream$/m,
  },
  {
    title: 'an option that is read at the start only',
    yaml: 'defaults:\n  nats-window-size: 4m\n',
    line: /^FILE:2:3: note: nats-window-size: a change holds when the driver is started again$/m,
  },
];

const ruleFindings: readonly Finding[] = [
  {
    title: 'a rule that gives its containers an illegal subject',
    yaml: 'rules:\n  - match: { name: web-* }\n    options:\n      nats-subject: "logs.{{.Command}}"\n',
    line: /^FILE:4:7 \(rule 1\): warning: nats-subject: expected a legal subject/m,
  },
  {
    title: 'a rule that sets nothing',
    yaml: 'rules:\n  - match: { name: web-* }\n',
    line: /^FILE:2:5 \(rule 1\): warning: the rule sets nothing$/m,
  },
  {
    title: 'a rule for names that no container has',
    yaml: 'rules:\n  - match: { name: /web }\n    options: { tag: x }\n',
    line: /^FILE:2:5 \(rule 1\): warning: the rule matches no container: .* got "\/web"$/m,
  },
  {
    title: 'a rule whose options a later one sets again',
    yaml: 'rules:\n  - match: { name: web-* }\n    options: { tag: x }\n  - options: { tag: y }\n',
    line: /^FILE:2:5 \(rule 1\): warning: the rule has no effect: FILE:4:5 \(rule 2\) is for the same containers/m,
  },
  {
    title: 'a secret in a rule that others may read',
    yaml: 'rules:\n  - options: { nats-user: me, nats-pass: canary }\n',
    mode: 0o604,
    line: /^FILE: warning: holds secrets \(nats-pass\), and its mode 0604/m,
  },
];

test('a template of a rule that no container could be given is an error', async (t) => {
  const { code, out } = await check('rules:\n  - options:\n      tag: "{{.Name"\n');
  t.is(code, 1);
  t.regex(out, /^FILE:3:7 \(rule 1\): error: tag: template: /m);
});

test('rules that have their effect are good', async (t) => {
  const yaml = 'rules:\n  - match: { name: web-* }\n    options: { tag: x }\n  - match: { name: db-* }\n    options: { tag: y }\n';
  t.is((await check(yaml)).out, 'good: no errors, no warnings\n');
});

for (const { title, yaml, env, mode, line } of [...findings, ...ruleFindings]) {
  test(`told of, and no error: ${title}`, async (t) => {
    const { code, out } = await check(yaml, [], env, mode);
    t.is(code, 0);
    t.regex(out, line);
    t.false(out.includes('canary'));
    const isWarning = out.includes(': warning: ');
    t.is((await check(yaml, ['--strict'], env, mode)).code, isWarning ? 1 : 0, 'strict');
  });
}

test('the machine-readable form holds the same', async (t) => {
  const { code, out } = await check('defaults:\n  nats-stream: LOGS\n  nats-severs: x\n', ['--json']);
  t.is(code, 1);
  t.deepEqual(JSON.parse(out), {
    file: 'FILE', ok: false,
    remarks: [
      { severity: 'note', place: 'FILE:2:3', text: 'nats-stream: has no effect unless nats-transport=jetstream' },
      { severity: 'error', place: 'FILE:3:3', text: 'nats-severs: unknown option, did you mean nats-servers?' },
    ],
  });
});

test('standard input is judged, too', async (t) => {
  const { code, out } = await runProcess(['check', '-'], {}, 'defaults:\n  nats-severs: x\n');
  t.is(code, 1);
  t.regex(out, /^<stdin>:2:3: error: nats-severs/);
});

test('without a name, it is the file that the driver would read', async (t) => {
  const { code, out } = await runCommand(['check'], { NATS_CONFIG: '/nowhere' });
  t.deepEqual([code, out], [1, '/nowhere: error: expected a readable file, found nothing\nnot good: 1 error, no warnings\n']);
});
