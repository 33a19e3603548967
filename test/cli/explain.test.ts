import { hostname } from 'node:os';
import test from 'ava';
import messageSchema from '../../schema/message.schema.json' with { type: 'json' };
import { createAjv } from '../../src/options/schema.ts';
import { runCommand, type CommandRun } from '../support/command-run.ts';
import { SAMPLE_INFO } from '../support/info.ts';
import { withFile } from '../support/temporary-file.ts';

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandRun> => runCommand(['explain', ...args], env);

test('without arguments, defaults are shown, and what a sample container would send', async (t) => {
  const { code, out, err } = await run([]);
  t.is(code, 0);
  t.is(err, '');
  const lines = out.split('\n');
  t.regex(lines[0] ?? '', /^OPTION +VALUE +ORIGIN$/);
  t.true(lines.some((line) => /^nats-servers +localhost:4222 +default$/.test(line)), out);
  t.true(lines.includes('servers      nats://localhost:4222'));
  t.true(lines.includes('subject      a7317399f3f8'));
  t.regex(lines.at(-2) ?? '', /^\{"container_id":"a7317399f3f8.*"text":"hello from a container","source":"stdout"\}$/);
});

test('columns are aligned and lines have no blanks at their end', async (t) => {
  const { out } = await run(['--log-opt', 'nats-subject=docker.logs']);
  const rows = out.slice(0, out.indexOf('\n\n')).split('\n');
  const column = rows[0]?.indexOf('ORIGIN') ?? -1;
  t.true(rows.every((row) => row[column - 1] === ' ' && row[column] !== ' '), out);
  t.notRegex(out, / $/m);
});

test('each value is shown with its origin', async (t) => {
  const { out } = await run(['--log-opt', 'tag=docker.{{.Name}}', '--log-opt', 'nats-tls-skip-verify'], { NATS_NAME: 'me' });
  t.regex(out, /^tag +docker\.\{\{\.Name\}\} +log-opt$/m);
  t.regex(out, /^nats-tls-skip-verify +true +log-opt$/m);
  t.regex(out, /^nats-name +me +environment NATS_NAME$/m);
  t.regex(out, /^subject +docker\.sample$/m);
  t.regex(out, /^servers +tls:\/\/localhost:4222$/m);
  t.regex(out, /^warning +nats-tls-skip-verify: any server certificate is accepted \(log-opt\)$/m);
});

test('the rules that match are shown, and what further outputs have of their own', async (t) => {
  const yaml = `defaults: {nats-subject: main}
rules:
  - match: {name: nobody}
    options: {tag: x}
  - match: {service: app}
    options: {tag: from rule}
    outputs:
      - name: audit
        nats-subject: audit.{{.Name}}
        nats-servers: audit.test
`;
  await withFile(yaml, async (path) => {
    const { out } = await run([], { NATS_CONFIG: path });
    t.regex(out, new RegExp(`^tag +from rule +${path}:6:15 \\(rule 2\\)$`, 'm'));
    t.regex(out, new RegExp(`^rule +${path}:5:5 \\(rule 2\\)$`, 'm'));
    t.regex(out, /^output audit +audit\.sample at nats:\/\/audit\.test:4222$/m);
    t.regex(out, new RegExp(`^ +nats-subject=audit\\.\\{\\{\\.Name\\}\\} \\(${path}:9:9 \\(rule 2, output audit\\)\\)$`, 'm'));
    const { rules, outputs } = JSON.parse((await run(['--json'], { NATS_CONFIG: path })).out) as { rules: string[]; outputs: { name: string; subject: string; options: object }[] };
    t.deepEqual(rules, [`${path}:5:5 (rule 2)`]);
    t.deepEqual(outputs.map(({ name, subject, options }) => [name, subject, Object.keys(options)]), [['audit', 'audit.sample', ['nats-servers', 'nats-subject']]]);
  });
});

test('the machine-readable form holds a valid message', async (t) => {
  const { code, out } = await run(['--json', '--log-opt', 'labels=com.docker.compose.service', '--log-opt', 'nats-max-reconnect=3']);
  const parsed = JSON.parse(out) as Record<string, Record<string, unknown>>;
  t.is(code, 0);
  t.deepEqual(Object.keys(parsed), ['settings_of', 'options', 'servers', 'tag', 'subject', 'rules', 'outputs', 'message', 'warnings']);
  t.deepEqual(parsed['options']?.['nats-max-reconnect'], { origin: 'log-opt', value: '3' });
  t.is(parsed['message']?.['com.docker.compose.service'], 'app');
  t.is(parsed['message']?.['hostname'], hostname());
  t.true(createAjv().compile(messageSchema)(parsed['message']));
});

test('a container can be read from a file; log-opts of the command line win over its own', async (t) => {
  const info = { ...SAMPLE_INFO, Config: { tag: '{{.Name}}', 'nats-subject': 'own' } };
  await withFile(JSON.stringify(info), async (path) => {
    const { out } = await run(['--info', path, '--log-opt', 'nats-subject=docker.{{.Name}}']);
    t.regex(out, /^tag +shop-web-1$/m);
    t.regex(out, /^subject +docker\.shop-web-1$/m);
  });
});

test('bad options are told as docker run would tell them', async (t) => {
  t.deepEqual(await run(['--log-opt', 'nats-sever=x', '--log-opt', 'nats-max-reconnect=ten']), {
    code: 2,
    out: '',
    err: 'nats: 2 problems in the options\n'
      + 'nats-sever: unknown option, did you mean nats-servers? (log-opt)\n'
      + 'nats-max-reconnect: expected an integer >= -1, got "ten" (log-opt)\n',
  });
});

test('a template that is wrong, and a subject that is illegal, are refused', async (t) => {
  const template = await run(['--log-opt', 'tag={{.Nonsense}}']);
  t.is(template.code, 2);
  t.regex(template.err, /^nats: tag: /);
  const subject = await run(['--log-opt', 'tag={{.Command}}']);
  t.is(subject.code, 2);
  t.regex(subject.err, /"\/bin\/sh -c echo hello".*blank/);
});

test('a file that is no container is refused', async (t) => {
  const err = '--info: expected a readable file, found nothing at "/nowhere"\n';
  t.deepEqual(await run(['--info', '/nowhere']), { code: 2, out: '', err });
  await withFile('[broken', async (path) => {
    t.deepEqual(await run(['--info', path]), { code: 2, out: '', err: `--info: expected a JSON object in ${JSON.stringify(path)}\n` });
  });
  await withFile('{}', async (path) => t.is((await run(['--info', path])).code, 2));
});

test('secrets are shown in neither form', async (t) => {
  const args = ['--log-opt', 'nats-user=me', '--log-opt', 'nats-pass=CANARY', '--log-opt', 'nats-servers=nats://me:CANARY@host'];
  for (const form of [[], ['--json']]) {
    const { code, out } = await run([...args, ...form]);
    t.is(code, 0);
    t.false(out.includes('CANARY'));
    t.true(out.includes('nats://me:***@host'));
  }
});

test('a value with control characters stays on its line', async (t) => {
  const { out } = await run(['--log-opt', 'tag=a\n\u001b[31mb', '--log-opt', 'nats-subject=x']);
  t.regex(out, /^tag +"a\\n\\u001b\[31mb" +log-opt$/m);
});
