/**
 * `npm run walkthrough`: runs the commands of docs/fleet.md as they stand there, and compares what they print. In namespaces of its own:
 * the page takes fixed ports and folders, as a reader's machine has them. Needs root, and unshare of util-linux.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, run, systemEnvironment } from '../../plugin/command.ts';

const NAMESPACES = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** Debian's package would start a server: only its program is taken. */
async function providePrometheus(dir: string): Promise<void> {
  const found = await run('sh', ['-c', 'command -v prometheus']);
  if (found.code === 0) return copyFileSync(found.stdout.trim(), join(dir, 'prometheus'));
  await output('sh', ['-ec', 'apt-get download -q prometheus; dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x --strip-components=3 ./usr/bin/prometheus'], { cwd: dir });
}

const dir = mkdtempSync(join(tmpdir(), 'nld-walk-'));
try {
  mkdirSync(join(dir, 'bin'));
  await providePrometheus(join(dir, 'bin'));
  const env = systemEnvironment();
  const { status } = spawnSync('unshare', [...NAMESPACES, process.execPath, join(import.meta.dirname, 'inside.ts')], {
    stdio: 'inherit', env: { ...env, TMPDIR: dir, PATH: `${join(dir, 'bin')}:${env['PATH']}` },
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
