/** Compiles lines.as.ts; its bytes become a module of their own (`npm run generate`). A test compiles again and compares. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..');
const COMPILER = join(PROJECT, 'node_modules/assemblyscript/bin/asc.js');
const SOURCE = 'kernel/lines.as.ts';
export const PRODUCT = 'src/core/line-kernel.generated.ts';
/** Memory is counted in pages of 64 KiB, and never grows: that would take the buffers away from those who hold them. */
const OPTIONS = [
  '--runtime', 'stub', '--noAssert', '--optimizeLevel', '3', '--shrinkLevel', '0', '--enable', 'simd', '--memoryBase', '0',
  '--initialMemory', '44', '--maximumMemory', '44',
];
const WIDTH = 140;

/** The text of the product. Throws with what the compiler said. */
export function compile(): string {
  const dir = mkdtempSync(join(tmpdir(), 'nld-kernel-'));
  try {
    const file = join(dir, 'lines.wasm');
    execFileSync(process.execPath, [COMPILER, SOURCE, '--outFile', file, ...OPTIONS], { cwd: PROJECT, stdio: 'pipe' });
    const text = readFileSync(file, 'base64').match(new RegExp(`.{1,${WIDTH}}`, 'gu')) ?? [];
    return [
      `/** ${SOURCE}, compiled, in base64. Made by \`npm run generate\`. */`, 'export const LINE_KERNEL =',
      `${text.map((line) => `  '${line}'`).join(' +\n')};`, '',
    ].join('\n');
  } finally {
    rmSync(dir, { recursive: true });
  }
}

if (import.meta.main) writeFileSync(join(PROJECT, PRODUCT), compile());
