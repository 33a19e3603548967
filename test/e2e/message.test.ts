import { hostname } from 'node:os';
import test from '../support/e2e-test.ts';
import { BUSYBOX_IMAGE } from '../support/images.ts';
import { FIXED_KEYS } from '../support/e2e-collector.ts';
import { Site } from '../support/e2e-site.ts';

let site: Site;
test.before(async () => {
  site = await Site.open();
});
test.after.always(() => site[Symbol.asyncDispose]());

test('a container\'s lines arrive as messages that say who wrote them, where and when', async (t) => {
  const earliest = new Date().toISOString();
  await site.start(t, { name: 'shop-web', command: 'echo to stdout; echo to stderr >&2; echo; echo last' });
  await site.untilEnded('shop-web');
  const messages = await site.collector.messages('shop-web', 4);

  const [id = '', imageId = ''] = (await site.inspect('shop-web', '{{.Id}} {{.Image}}')).split(' ');
  t.deepEqual([...new Set(messages.map(({ subject }) => subject))], ['docker.logs']);
  t.deepEqual(
    messages.map(({ body: { source, text } }) => `${source}: ${text}`).sort(),
    ['stderr: to stderr', 'stdout: ', 'stdout: last', 'stdout: to stdout'],
  );
  for (const { body } of messages) {
    const { time, text, source, ...constant } = body;
    t.deepEqual(Object.keys(body), FIXED_KEYS);
    t.deepEqual(constant, {
      container_id: id, container_name: 'shop-web', image_id: imageId, image_name: BUSYBOX_IMAGE,
      hostname: hostname(), tag: id.slice(0, 12),
    });
    t.regex(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    t.true(time > earliest && time.slice(0, -7) <= new Date().toISOString(), `${source} ${text}: ${time}`);
  }
});

test('a message carries the nanosecond at which the engine read its line', async (t) => {
  await site.start(t, { name: 'clock', command: 'for i in 1 2 3 4 5; do echo line $i; done' });
  await site.untilEnded('clock');
  const bodies = await site.collector.bodies('clock', 5);
  const logs = await site.docker.run('logs', '--timestamps', 'clock');
  t.deepEqual(bodies.map(({ time, text }) => `${time} ${text}`), logs.split('\n'));
});

test('labels and env name what is added behind the nine keys', async (t) => {
  await site.run({
    name: 'attributes',
    opts: { 'labels': 'com.example.team,absent', 'env': 'REGION,EMPTY,ABSENT' },
    flags: ['--label', 'com.example.team=core', '--label', 'other=x', '--env', 'REGION=eu-west-1', '--env', 'EMPTY=', '--env', 'SECRET=x'],
    command: 'echo hello',
  });
  const { body } = await site.collector.only('attributes');
  const { 'com.example.team': team, REGION, EMPTY } = body;
  t.deepEqual({ team, REGION, EMPTY }, { team: 'core', REGION: 'eu-west-1', EMPTY: '' });
  t.deepEqual(Object.keys(body).sort(), [...FIXED_KEYS, 'com.example.team', 'REGION', 'EMPTY'].sort());
});

test('labels-regex and env-regex choose by pattern, and no label takes the place of a fixed key', async (t) => {
  await site.run({
    name: 'patterns',
    opts: { 'labels-regex': '^(?i)com\\.EXAMPLE\\.|^text$', 'env-regex': '^APP_' },
    flags: ['--label', 'com.example.a=1', '--label', 'text=a label', '--label', 'other=x', '--env', 'APP_B=2', '--env', 'MYAPP_C=3'],
    command: 'echo hello',
  });
  const { body } = await site.collector.only('patterns');
  const { text, 'com.example.a': a, APP_B } = body;
  t.deepEqual({ text, a, APP_B }, { text: 'hello', a: '1', APP_B: '2' });
  t.deepEqual(Object.keys(body).sort(), [...FIXED_KEYS, 'com.example.a', 'APP_B'].sort());
});

const TAGS: readonly (readonly [template: string, tag: RegExp])[] = [
  ['{{.Name}}/{{.FullID}}', /^tagged-0\/[0-9a-f]{64}$/],
  ['{{.ImageName}}|{{.ImageID}}|{{.DaemonName}}', /^nats-log-driver-test\/busybox:latest\|[0-9a-f]{12}\|docker$/],
  ['{{upper .Name}}:{{index .ContainerLabels "com.example.team"}}', /^TAGGED-2:core$/],
  ['{{range .ContainerEnv}}{{if eq . "STAGE=test"}}stage={{index (split . "=") 1}}{{end}}{{end}}', /^stage=test$/],
  ['{{with $x := .ExtraAttributes nil}}{{json $x}}{{end}}', /^\{"STAGE":"test","com\.example\.team":"core"\}$/],
  ['plain text', /^plain text$/],
];
for (const [at, [template, tag]] of TAGS.entries()) {
  test(`the tag ${template} is rendered by the rules of the engine's own drivers`, async (t) => {
    const name = `tagged-${at}`;
    await site.run({
      name,
      opts: { tag: template, labels: 'com.example.team', env: 'STAGE' },
      flags: ['--label', 'com.example.team=core', '--env', 'STAGE=test'],
      command: 'echo hello',
    });
    const { body } = await site.collector.only(name);
    t.regex(body.tag, tag);
  });
}

test('nats-subject is a template; without it the tag is the subject', async (t) => {
  const subject = 'logs.{{index .ContainerLabels "com.docker.compose.project"}}.{{.Name}}';
  const flags = ['--label', 'com.docker.compose.project=shop'];
  await site.run({ name: 'with-subject', opts: { 'nats-subject': subject }, flags, command: 'echo hello' });
  await site.run({ name: 'with-tag', opts: { 'nats-subject': '', 'tag': 'tags.{{.Name}}' }, command: 'echo hello' });
  await site.run({ name: 'with-nothing', opts: { 'nats-subject': '' }, command: 'echo hello' });
  const first = await site.collector.only('with-subject');
  const second = await site.collector.only('with-tag');
  const third = await site.collector.only('with-nothing');
  t.is(first.subject, 'logs.shop.with-subject');
  t.is(second.subject, 'tags.with-tag');
  t.is(third.subject, third.body.container_id.slice(0, 12));
});

test('the labels that Compose gives to a container can be added to its messages', async (t) => {
  const labels = ['com.docker.compose.project=shop', 'com.docker.compose.service=web', 'com.docker.compose.oneoff=False'];
  await site.run({
    name: 'shop-web-1',
    opts: { labels: 'com.docker.compose.project,com.docker.compose.service' },
    flags: labels.flatMap((label) => ['--label', label]),
    command: 'echo hello',
  });
  const { body } = await site.collector.only('shop-web-1');
  t.deepEqual([body['com.docker.compose.project'], body['com.docker.compose.service']], ['shop', 'web']);
  t.false('com.docker.compose.oneoff' in (body));
});
