/** The managed plugin, built from the working tree, for end-to-end tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPlugin } from '../../plugin/install.ts';
import { buildPlugin } from '../../plugin/rootfs.ts';
import type { Docker } from './docker.ts';

export const PLUGIN = 'nats';

/**
 * Enables the plugin `nats` on an engine, unless it is there. Creating it takes the engine about ten seconds. `run.ts` does it once for
 * the engine that it starts, before the end-to-end tests.
 */
export async function providePlugin(docker: Docker): Promise<void> {
  const { code, stdout } = await docker.try(['plugin', 'inspect', '--format', '{{.Enabled}}', PLUGIN]);
  if (code !== 0) await installFresh(docker);
  else if (stdout.trim() === 'false') await docker.run('plugin', 'enable', PLUGIN);
}

async function installFresh(docker: Docker): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'nld-plugin-'));
  try {
    await buildPlugin(dir);
    await installPlugin({ dir, name: PLUGIN, enable: true, force: false, env: docker.env });
  } finally {
    rmSync(dir, { recursive: true });
  }
}
