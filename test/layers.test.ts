/** The shape of the house: imports point down only, and each npm package has its one place. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'ava';

const root = new URL('..', import.meta.url).pathname;
const files = globSync('src/**/*.ts', { cwd: root }).sort();

/** What stands in `from '…'`, `import '…'` and `import('…')`. */
const IMPORT = /^(?:import|export)\b[^;'"`]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;

function importsOf(file: string): string[] {
  return [...readFileSync(join(root, file), 'utf8').matchAll(IMPORT)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic as string);
}

/** Each layer and what it may import from; files of src itself have their own names. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  'core': [],
  'docker': ['core'],
  'journal': ['core'],
  'stages': ['core'],
  'formatters': ['core'],
  'nats': ['core'],
  'transports': ['nats', 'core'],
  'options': ['core'],
  'losses.ts': ['stages', 'docker', 'core'],
  'backlog.ts': ['docker', 'core'],
  'retry.ts': [],
  'gaps.ts': ['retry.ts', 'losses.ts', 'core'],
  'overflow.ts': ['losses.ts', 'stages', 'docker', 'core'],
  'tail.ts': ['stages', 'docker', 'core'],
  'excerpt.ts': ['tail.ts', 'stages', 'docker', 'core'],
  'seams.ts': ['docker', 'core'],
  'way.ts': ['core'],
  'intake.ts': ['seams.ts', 'tail.ts', 'overflow.ts', 'losses.ts', 'docker', 'core'],
  'pipeline.ts': ['way.ts', 'intake.ts', 'seams.ts', 'gaps.ts', 'stages', 'docker', 'core'],
  'output-losses.ts': ['intake.ts', 'seams.ts', 'gaps.ts', 'losses.ts', 'core'],
  'delivery.ts': ['pipeline.ts', 'output-losses.ts', 'way.ts', 'intake.ts', 'gaps.ts', 'stages', 'core'],
  'outputs.ts': ['delivery.ts', 'output-losses.ts', 'way.ts', 'intake.ts', 'gaps.ts', 'stages', 'core'],
  'session.ts': ['outputs.ts', 'delivery.ts', 'way.ts', 'intake.ts', 'seams.ts', 'tail.ts', 'backlog.ts', 'losses.ts', 'core'],
  'journals.ts': ['journal', 'docker', 'core'],
  'plan.ts': ['options', 'docker', 'core'],
  'survival.ts': ['plan.ts', 'options', 'docker', 'journal', 'core'],
  'restoration.ts': ['journals.ts', 'journal', 'core'],
  'report.ts': ['session.ts', 'plan.ts', 'core'],
  'server': ['core'],
  'listen.ts': ['core'],
  'file-watch.ts': [],
  'configuration.ts': ['plan.ts', 'options', 'docker', 'core'],
  'announcement.ts': ['configuration.ts', 'plan.ts', 'options', 'docker', 'nats', 'core'],
  'kv-configuration.ts': ['configuration.ts', 'plan.ts', 'options', 'journal', 'nats', 'docker', 'core'],
  'opener.ts': ['report.ts', 'session.ts', 'way.ts', 'journals.ts', 'plan.ts', 'transports', 'formatters', 'stages', 'journal', 'nats', 'docker', 'core'],
  'driver.ts': ['link-settings.ts', 'excerpt.ts', 'tail.ts', 'configuration.ts', 'opener.ts', 'report.ts', 'restoration.ts', 'server', 'session.ts', 'overflow.ts', 'losses.ts', 'journals.ts', 'survival.ts', 'plan.ts', 'options', 'transports', 'formatters', 'stages', 'journal', 'nats',
    'docker', 'core'],
  'link-settings.ts': ['configuration.ts', 'plan.ts', 'options', 'nats', 'docker', 'core'],
  'crew': ['driver.ts', 'configuration.ts', 'link-settings.ts', 'server', 'options', 'nats', 'journal', 'core'],
  'cli': ['crew', 'driver.ts', 'configuration.ts', 'kv-configuration.ts', 'file-watch.ts', 'announcement.ts', 'report.ts', 'journals.ts', 'overflow.ts', 'losses.ts', 'server', 'listen.ts', 'session.ts', 'survival.ts', 'plan.ts', 'options', 'formatters', 'nats', 'journal', 'docker',
    'core'],
  'main.ts': ['cli', 'crew'],
};

/** Where a package may be imported. */
const HOME: Readonly<Record<string, string>> = {
  'koa': 'src/server/', 'koa-router': 'src/server/', 'nats': 'src/nats/', 'ajv': 'src/options/', 'yaml': 'src/options/',
    're2js': 'src/docker/', 'prom-client': 'src/server/',
};

function layerOf(file: string): string {
  return file.split('/')[1] as string;
}

for (const file of files) {
  test(`${file} imports from its own layer and from those below`, (t) => {
    const layer = layerOf(file);
    const below = BELOW[layer];
    t.truthy(below, `${layer} is no layer that is known here`);
    for (const name of importsOf(file).filter((each) => each.startsWith('.'))) {
      const target = normalize(join(dirname(file), name));
      if (!target.startsWith('src/')) t.regex(target, /^(schema\/[\w.-]+\.json|package\.json)$/);
      else t.true(layerOf(target) === layer || below?.includes(layerOf(target)), `${target} lies above`);
    }
  });

  test(`${file} imports the packages that have their place there`, (t) => {
    const packages = importsOf(file).filter((name) => !name.startsWith('.') &&
      !name.startsWith('node:')).map((name) => name.split('/')[0] as string);
    t.deepEqual(packages.filter((name) => !file.startsWith(HOME[name] ?? 'nowhere')), []);
  });
}

test('the imports are found at all', (t) => {
  t.true(importsOf('src/server/plugin.ts').includes('koa'));
  t.true(importsOf('src/nats/link.ts').includes('nats/lib/src/node_transport.js') ||
    importsOf('src/nats/socket.ts').includes('nats/lib/src/node_transport.js'));
  t.true(importsOf('src/opener.ts').includes('./docker/fifo.ts'));
  t.true(files.length > 50);
});

test('no two files import each other', (t) => {
  const graph = new Map(files.map((file) => [file, importsOf(file).filter((name) => name.startsWith('.')).map((name) =>
    normalize(join(dirname(file), name)))]));
  for (const [file, targets] of graph) {
    for (const target of targets) {
      // Types alone may refer to each other.
      const isBack = graph.get(target)?.includes(file) === true && !onlyTypes(target, file) && !onlyTypes(file, target);
      t.false(isBack, `${file} and ${target}`);
    }
  }
});

function onlyTypes(file: string, target: string): boolean {
  const name = target.split('/').at(-1) as string;
  const statements = [...readFileSync(join(root, file), 'utf8').matchAll(/^import\b[^;]*;/gm)].map(([statement]) => statement);
  return statements.filter((statement) => statement.includes(`/${name}'`)).every((statement) => statement.startsWith('import type'));
}
