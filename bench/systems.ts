/** What is compared. The TypeScript ones each as one bundled file: what an installation runs, without the compiler that a source tree needs. */
import { join } from 'node:path';
import manifest from '../plugin/config.json' with { type: 'json' };
import { bundle } from '../plugin/rootfs.ts';
import type { Workshop } from './workshop.ts';

/** A log driver that can be started. */
export interface Program {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  /** Whether it can publish into a stream, with acknowledgements. */
  readonly hasStreams: boolean;
  /** Command and arguments. `state`: a folder of its own for what survives it. */
  readonly command: (socketPath: string, state: string) => readonly string[];
}

export interface System {
  readonly name: string;
  /** Takes part only when it is asked for by name. */
  readonly isExtra?: true;
  /** `nodeOptions`: more of them, for the drivers that run on node. */
  readonly prepare: (workshop: Workshop, nodeOptions: readonly string[]) => Promise<Program>;
}

/** What `bench/setup.sh` has built. */
export function built(name: string): string {
  return join(import.meta.dirname, 'build', name);
}

function ours(name: string, env: NodeJS.ProcessEnv): Pick<System, 'name' | 'prepare'> {
  return {
    name,
    async prepare(workshop, nodeOptions) {
      const file = workshop.path(`${name}.cjs`);
      await bundle(file);
      return { name, env, hasStreams: true, command: (socket, state) => [...node(nodeOptions), file, 'serve', '--socket', socket, '--state', state] };
    },
  };
}

/** With the options of the managed plugin. */
function node(more: readonly string[]): string[] {
  return [process.execPath, ...manifest.entrypoint.slice(1, -2), ...more];
}

function reference(name: 'go' | 'c'): System {
  return { name, prepare: async () => ({ name, env: {}, hasStreams: name === 'c', command: (socket) => [built(name), socket] }) };
}

export const SYSTEMS: readonly System[] = [
  ours('ours', {}),
  { ...ours('memory', { NATS_BUFFER: 'memory' }), isExtra: true },
  ...[2, 4].map((count): System => ({ ...ours(`${count}-workers`, { NATS_LOG_WORKERS: String(count) }), isExtra: true })),
  reference('go'),
  reference('c'),
  {
    name: 'plain',
    async prepare(workshop, nodeOptions) {
      const file = workshop.path('plain.mjs');
      await bundle(file, join('bench', 'plain.ts'));
      return { name: 'plain', env: {}, hasStreams: false, command: (socket) => [...node(nodeOptions), file, socket] };
    },
  },
];
