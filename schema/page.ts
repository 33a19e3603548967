/** The status page as a module: it is written as a page, `src/server/page.html`, and travels in the program as one file. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const SOURCE = new URL('../src/server/page.html', import.meta.url);

/** A browser runs what stands in the page and nothing else. Source: W3C Content Security Policy 3, hash-source. */
function hashOf(page: string, element: string): string {
  const [, content = ''] = new RegExp(`<${element}>([^]*?)</${element}>`).exec(page) ?? [];
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}

export function renderPageModule(): string {
  const page = readFileSync(SOURCE, 'utf8');
  return [
    '/** Generated from page.html by `npm run generate`. */',
    `export const PAGE = ${JSON.stringify(page)};`,
    '/** Of its script and its style, for the Content-Security-Policy. */',
    `export const SCRIPT_HASH = ${JSON.stringify(hashOf(page, 'script'))};`,
    `export const STYLE_HASH = ${JSON.stringify(hashOf(page, 'style'))};`,
    '',
  ].join('\n');
}
