/** `npm run plugin`: builds the managed plugin, creates it on the engine that the docker CLI reaches, and enables it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CommandError, output } from './command.ts';
import { InstallError, installPlugin } from './install.ts';
import { buildPlugin } from './rootfs.ts';

const USAGE = `usage: npm run plugin -- [options]
  --name NAME   name of the plugin (default: nats)
  --no-enable   create it only, e.g. to run \`docker plugin set\` first
  --force       replace a plugin of that name that something else made
  --out DIR     only write config.json and rootfs/ into DIR; no engine is needed
  --help        show this text`;

/** One line per step, with the seconds since the start. */
function report(step: string): void {
  console.log(`plugin: ${(performance.now() / 1000).toFixed(1).padStart(5)} s  ${step}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      name: { type: 'string', default: 'nats' },
      enable: { type: 'boolean', default: true },
      force: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { name, enable, force, out } = values;
  if (values.help) console.log(USAGE);
  else if (out !== undefined) await write(resolve(out));
  else await install(name, enable, force);
}

async function write(dir: string): Promise<void> {
  report(`build ${dir}`);
  await buildPlugin(dir);
  report('done');
}

async function install(name: string, enable: boolean, force: boolean): Promise<void> {
  const engine = await output('docker', ['version', '--format', '{{.Server.Version}}']);
  const dir = mkdtempSync(join(tmpdir(), 'nld-plugin-'));
  try {
    report('build the root file system');
    await buildPlugin(dir);
    await installPlugin({ dir, name, enable, force, report });
  } finally {
    rmSync(dir, { recursive: true });
  }
  report(`done (Docker Engine ${engine}); try: docker run --log-driver=${name} --log-opt nats-servers=nats://HOST:4222 IMAGE`);
}

function isUsageError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

try {
  await main();
} catch (error) {
  if (isUsageError(error)) console.error(`plugin: ${error.message}\n${USAGE}`);
  else if (error instanceof CommandError || error instanceof InstallError) console.error(`plugin: ${error.message}`);
  else console.error(error);
  process.exitCode = 1;
}
