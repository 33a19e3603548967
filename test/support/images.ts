/**
 * Images for the tests. They are made from programs of this machine, because an image registry may be out of reach. Their names belong
 * to the tests alone, so nothing of a user's engine is overwritten.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyProgram } from '../../plugin/binary.ts';
import { output } from '../../plugin/command.ts';
import type { Docker } from './docker.ts';

/** A shell with the usual commands. */
export const BUSYBOX_IMAGE = 'nats-log-driver-test/busybox:latest';

/** nats-server as the entrypoint; no shell. */
export const NATS_IMAGE = 'nats-log-driver-test/nats:latest';

const PUBLIC_NATS_IMAGE = 'nats:2';

/** A registry that is there names the image it pulls within that time. */
const REGISTRY_ANSWER_MS = 2000;

/** Makes sure that both images are there; fast when they are. */
export async function provideImages(docker: Docker): Promise<void> {
  await provideBusybox(docker);
  await provide(docker, NATS_IMAGE, async () => {
    if (await pull(docker, PUBLIC_NATS_IMAGE)) await docker.run('tag', PUBLIC_NATS_IMAGE, NATS_IMAGE);
    else await importNats(docker);
  });
}

export async function provideBusybox(docker: Docker): Promise<void> {
  await provide(docker, BUSYBOX_IMAGE, () => importBusybox(docker));
}

async function provide(docker: Docker, image: string, make: () => Promise<void>): Promise<void> {
  const { code } = await docker.try(['image', 'inspect', image]);
  if (code !== 0) await make();
}

function importBusybox(docker: Docker): Promise<void> {
  return importImage(docker, BUSYBOX_IMAGE, ['CMD ["sh"]'], async (rootfs) => {
    await copyProgram(rootfs, await which('busybox'), '/bin/busybox');
    for (const dir of ['tmp', 'etc', 'root']) mkdirSync(join(rootfs, dir));
    const applets = (await output('busybox', ['--list'])).split('\n');
    for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(rootfs, 'bin', applet));
  });
}

function importNats(docker: Docker): Promise<void> {
  return importImage(docker, NATS_IMAGE, ['ENTRYPOINT ["/nats-server"]', 'EXPOSE 4222'], async (rootfs) => {
    await copyProgram(rootfs, await which('nats-server'), '/nats-server');
    mkdirSync(join(rootfs, 'tmp'));
  });
}

async function importImage(
  docker: Docker,
  image: string,
  changes: readonly string[],
  fill: (rootfs: string) => Promise<void>,
): Promise<void> {
  const rootfs = mkdtempSync(join(tmpdir(), 'nld-image-'));
  try {
    await fill(rootfs);
    const change = changes.flatMap((line) => ['--change', line]);
    await output('sh', ['-c', 'rootfs=$1; shift; tar -c -C "$rootfs" . | docker import "$@"', 'import', rootfs, ...change, '-', image], {
      env: docker.env,
    });
  } finally {
    rmSync(rootfs, { recursive: true });
  }
}

function which(program: string): Promise<string> {
  return output('sh', ['-c', `command -v ${program}`]);
}

/** False when no registry answers in time, or it does not have the image. */
async function pull(docker: Docker, image: string): Promise<boolean> {
  const child = spawn('docker', ['pull', image], { env: docker.env, stdio: ['ignore', 'pipe', 'ignore'] });
  const silent = setTimeout(() => child.kill(), REGISTRY_ANSWER_MS);
  child.stdout.on('data', () => clearTimeout(silent));
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(silent);
  return code === 0;
}
