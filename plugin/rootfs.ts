/**
 * Builds what `docker plugin create` takes: config.json and a root file system with Node, its libraries, one bundled file and the
 * certificates of public authorities. No shell, no package manager, no image.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { copyInto, copyProgram, librariesOf } from './binary.ts';

const PROJECT = dirname(import.meta.dirname);
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

/** config.json's entrypoint names these. */
const NODE = '/usr/local/bin/node';
const PROGRAM = '/usr/local/lib/nats-log-driver/main.cjs';

/** Replaces the content of `dir`. */
export async function buildPlugin(dir: string): Promise<void> {
  const rootfs = join(dir, 'rootfs');
  rmSync(rootfs, { recursive: true, force: true });
  await bundle(join(rootfs, PROGRAM));
  await addNode(rootfs);
  addSurroundings(rootfs);
  cpSync(join(import.meta.dirname, 'config.json'), join(dir, 'config.json'));
}

/**
 * A program of the project and all that it imports, as one file. `.cjs` starts faster: an ES module that imports
 * node:http makes Node load all of its HTTP client.
 */
export async function bundle(outfile: string, program = 'src/main.ts'): Promise<void> {
  await build({
    absWorkingDir: PROJECT,
    entryPoints: [program],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node26',
    minifyWhitespace: true,
    lineLimit: 200,
    plugins: [fewMediaTypes],
    ...outfile.endsWith('.cjs') ? { format: 'cjs' } : {
      format: 'esm',
      // CommonJS packages call require(), which an ES module does not have.
      banner: { js: `import { createRequire as $require } from 'node:module';\nconst require = $require(import.meta.url);` },
    },
    logLevel: 'warning',
  });
}

/** Of the thousands that Koa's packages know, twice, those that the program answers with: the others would take two megabytes of each process. */
const MEDIA_TYPES = new Set(['application/json', 'application/octet-stream', 'text/event-stream', 'text/html', 'text/plain']);

const fewMediaTypes: Plugin = {
  name: 'few-media-types',
  setup({ onLoad }) {
    onLoad({ filter: /\/mime-db\/db\.json$/ }, ({ path }) => {
      const all = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
      return { loader: 'json', contents: JSON.stringify(Object.fromEntries(Object.entries(all).filter(([type]) => MEDIA_TYPES.has(type)))) };
    });
  },
};

async function addNode(rootfs: string): Promise<void> {
  const node = join(PROJECT, 'node_modules', `node-linux-${process.arch}`, 'bin/node');
  if (!existsSync(node)) throw new Error(`the pinned Node for ${process.arch} is missing: run \`npm run setup\``);
  await copyProgram(rootfs, node, NODE);
  // glibc loads the modules that look up host names while it runs; ldd does not know them. Newer releases have them built in.
  const libc = (await librariesOf(node)).find((path) => path.endsWith('/libc.so.6'));
  for (const name of ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2']) {
    const library = join(dirname(libc ?? '/lib'), name);
    if (existsSync(library)) copyInto(rootfs, library);
  }
}

function addSurroundings(rootfs: string): void {
  const folders = ['etc', 'run/docker/logging', 'run/docker/plugins', 'srv', 'tmp'];
  for (const folder of folders) mkdirSync(join(rootfs, folder), { recursive: true });
  writeFileSync(join(rootfs, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  writeFileSync(join(rootfs, 'etc/passwd'), 'root:x:0:0:root:/:\n');
  writeFileSync(join(rootfs, 'etc/group'), 'root:x:0:\n');
  if (!existsSync(AUTHORITIES)) throw new Error(`${AUTHORITIES} is missing: install ca-certificates`);
  copyInto(rootfs, AUTHORITIES);
}
