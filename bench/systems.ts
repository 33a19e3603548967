/** What is compared, each as one bundled file: what an installation runs, without the compiler that a source tree needs. */
import { dirname } from 'node:path';
import manifest from '../plugin/config.json' with { type: 'json' };
import { bundle } from '../plugin/rootfs.ts';

export interface System {
  readonly name: string;
  /** Makes the program's file. */
  readonly bundle: (outfile: string) => Promise<void>;
  /** Options of node itself: those of the managed plugin. */
  readonly nodeOptions: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Arguments of node, behind the program's file. */
  readonly args: (socketPath: string) => readonly string[];
}

/** Between node and the program. */
const nodeOptions = manifest.entrypoint.slice(1, -2);

const ours = {
  bundle: (outfile: string) => bundle(outfile), nodeOptions,
  args: (socketPath: string) => ['serve', '--socket', socketPath, '--state', dirname(socketPath)],
};

export const SYSTEMS: readonly System[] = [
  { ...ours, name: 'ours', env: { NATS_BUFFER: 'disk' } },
  { ...ours, name: 'memory', env: { NATS_BUFFER: 'memory' } },
  { name: 'plain', bundle: (outfile) => bundle(outfile, 'bench/plain.ts'), nodeOptions, env: {}, args: (socketPath) => [socketPath] },
];
