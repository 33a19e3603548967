/** The YAML file below the plugin's mount is edited while a container of a real engine writes. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Numbered } from '../support/e2e-numbered.ts';
import { Site } from '../support/e2e-site.ts';
import test from '../support/e2e-test.ts';
import { until } from '../support/wait.ts';

const MAX_BURSTS = 500;

let site: Site;
/** The plugin sees it as /srv. */
let dir: string;

function configure(subject: string): void {
  const path = join(dir, 'nats-log-driver/config.yaml');
  writeFileSync(`${path}.new`, `rules:\n  - match: {label: {moves: "yes"}}\n    options: {nats-subject: "${subject}"}\n`);
  renameSync(`${path}.new`, path);
}

test.before(async () => {
  site = await Site.open();
  dir = mkdtempSync(join(tmpdir(), 'nld-mount-'));
  mkdirSync(join(dir, 'nats-log-driver'));
  configure('before.{{.Name}}');
  await site.setPlugin(`files.source=${dir}`);
});

test.after.always(async () => {
  await site.setPlugin('files.source=/srv');
  rmSync(dir, { recursive: true, force: true });
  await site[Symbol.asyncDispose]();
});

test.serial('a running container\'s subject follows the YAML file, without a line lost or doubled', async (t) => {
  await using container = await Numbered.start(site, { name: 'moving', opts: { 'nats-subject': undefined }, flags: ['--label', 'moves=yes'] });
  const arrived = (): Promise<readonly { subject: string }[]> => site.collector.messages(container.name, 0);
  const writeUntil = async (subject: string): Promise<void> => {
    for (let burst = 0; burst < MAX_BURSTS; burst++) {
      await container.write(20);
      if ((await arrived()).some((message) => message.subject === subject)) return;
    }
    t.fail(`nothing has come on ${subject}`);
  };
  await writeUntil('before.moving');
  configure('after.{{.Name}}');
  await writeUntil('after.moving');
  const { written, ...rest } = await container.fate();
  t.deepEqual(rest, { lost: 0, repeated: 0, reordered: 0 });
  const subjects = (await arrived()).map(({ subject }) => subject);
  const moved = subjects.indexOf('after.moving');
  t.deepEqual(new Set(subjects.slice(0, moved)), new Set(['before.moving']));
  t.deepEqual(new Set(subjects.slice(moved)), new Set(['after.moving']));
  t.is(subjects.length, written);
});

test.serial('C2: a file that is broken while a container runs changes nothing for it', async (t) => {
  await using container = await Numbered.start(site, { name: 'staying', opts: { 'nats-subject': undefined }, flags: ['--label', 'moves=yes'] });
  configure('broken.{{.Name');
  await container.write(20);
  await until('the lines have come', async () => (await site.collector.messages(container.name, 20)).length === 20);
  // The driver looks at the file twice a second: a good change shows that it has seen the bad one.
  configure('good.{{.Name}}');
  for (let burst = 0; burst < MAX_BURSTS && !(await site.collector.messages(container.name, 0)).some(({ subject }) => subject === 'good.staying'); burst++) await container.write(20);
  const subjects = new Set((await site.collector.messages(container.name, 0)).map(({ subject }) => subject));
  t.deepEqual([...subjects], ['after.staying', 'good.staying']);
});
