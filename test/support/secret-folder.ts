/** A temporary folder of secrets that ends with the test. */
import { mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

export interface SecretFolder {
  readonly dir: string;
  /** Writes a file as a careful operator does, in one step; returns its path. */
  put(name: string, text: string, mode?: number): string;
}

export function makeSecretFolder(t: ExecutionContext): SecretFolder {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'nld-secrets-')));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return {
    dir,
    put(name, text, mode = 0o600) {
      const path = join(dir, name);
      writeFileSync(`${path}.new`, text, { mode });
      renameSync(`${path}.new`, path);
      return path;
    },
  };
}
