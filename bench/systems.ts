/** What is compared, each as one bundled file: what an installation runs, without the compiler that a source tree needs. */
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import manifest from '../plugin/config.json' with { type: 'json' };
import { bundle } from '../plugin/rootfs.ts';

export interface System {
  readonly name: string;
  /** Makes the program's file. */
  readonly bundle: (outfile: string) => Promise<void>;
  /** Options of node itself: those of the managed plugin. */
  readonly nodeOptions: readonly string[];
  /** Arguments of node, behind the program's file. */
  readonly args: (socketPath: string) => readonly string[];
}

/** Between node and the program. */
const nodeOptions = manifest.entrypoint.slice(1, -2);

export const SYSTEMS: readonly System[] = [
  { name: 'ours', bundle, nodeOptions, args: (socketPath) => ['serve', '--socket', socketPath, '--state', dirname(socketPath)] },
  { name: 'plain', bundle: bundlePlain, nodeOptions, args: (socketPath) => [socketPath] },
];

/** As the driver itself is bundled. */
async function bundlePlain(outfile: string): Promise<void> {
  await build({
    absWorkingDir: dirname(import.meta.dirname),
    entryPoints: [join(import.meta.dirname, 'plain.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    banner: { js: `import { createRequire as $require } from 'node:module';\nconst require = $require(import.meta.url);` },
    logLevel: 'warning',
  });
}
