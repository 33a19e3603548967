/** The pages of the documentation, in both languages, as tests look at them. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface Block { readonly language: string; readonly body: string }

export interface Page {
  /** Relative to the project's root. */
  readonly path: string;
  /** Everything that stands outside of code blocks. */
  readonly prose: string;
  readonly blocks: readonly Block[];
  /** What stands between single backticks. */
  readonly spans: readonly string[];
}

const BLOCK = /^```(\w*)\n(.*?)^```$/gms;

export function readPage(path: string): Page {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const prose = text.replace(BLOCK, '');
  return {
    path,
    prose,
    blocks: [...text.matchAll(BLOCK)].map(([, language = '', body = '']) => ({ language, body })),
    spans: [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span),
  };
}

const english = ['README.md', ...globSync('docs/*.md', { cwd: ROOT }).sort()];
const others = ['CHANGELOG.md', ...globSync('docs/decisions/*.md', { cwd: ROOT }).sort()];

/** Where the Chinese page of an English one lies. */
export function chineseOf(path: string): string {
  return path === 'README.md' ? 'README.zh-CN.md' : join('docs/zh-CN', path.slice('docs/'.length));
}

/** Each English page with its Chinese one. */
export const pairs: readonly (readonly [english: Page, chinese: Page])[] = english
  .filter((path) => existsSync(join(ROOT, chineseOf(path)))).map((path) => [readPage(path), readPage(chineseOf(path))]);

export const englishPages: readonly Page[] = english.map(readPage);
export const pages: readonly Page[] = [...englishPages, ...pairs.map(([, chinese]) => chinese), ...others.map(readPage)];

/** What a line of prose is, however it is worded. Code by indentation stays as it stands. */
function kindOf(line: string): string {
  if (line.startsWith('|')) return `row of ${line.replaceAll('\\|', '').split('|').length - 2} cells`;
  if (line.startsWith('    ')) return line;
  return /^(?:#+|-|\d+\.)(?= )/.exec(line)?.[0] ?? (line === '' ? '' : 'text');
}

/** The shape of a page, line by line: headings by level, rows, items, blank lines. A text is one line, however it is broken; comments are left out. */
export function outline({ prose }: Page): readonly string[] {
  const kinds = prose.split('\n').filter((line) => !line.startsWith('<!--')).map(kindOf);
  return kinds.filter((kind, index) => kind !== 'text' || !['text', '-'].includes(kinds[index - 1]?.replace(/^\d+\.$/, '-') ?? ''));
}

/** A page in Chinese is the target of Chinese pages; the READMEs lead to each other. */
export function chineseTarget(path: string): string {
  if (path === 'README.zh-CN.md') return 'README.md';
  return pairs.some(([{ path: english }]) => english === path) ? chineseOf(path) : path;
}

export function headings({ prose }: Page): readonly string[] {
  return [...prose.matchAll(/^#+ .*$/gm)].map(([line]) => line);
}

/** The numbers that a page says in digits, each once. */
export function figures({ prose }: Page): readonly string[] {
  const text = prose.replace(/`[^`\n]+`|\]\([^)]*\)/g, '');
  return [...new Set([...text.matchAll(/\d+(?:[.,]\d+)*/g)].map(([figure]) => figure))].sort();
}

/** The groups of `pattern` in all that is written as code, in blocks or between backticks. */
export function found({ blocks, spans }: Page, pattern: RegExp): readonly string[] {
  const codes = [...spans, ...blocks.map(({ body }) => body)];
  return codes.flatMap((code) => [...code.matchAll(pattern)].map(([, name = '']) => name));
}

/** Where a link of a page leads to: a file relative to the root, perhaps with a heading's anchor. */
export function linksOf({ path: from, prose }: Page): readonly { readonly target: string; readonly path: string; readonly fragment: string | undefined }[] {
  return [...prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target = '']) => {
    const [file = '', fragment] = target.split('#');
    return { target, path: file === '' ? from : join(dirname(from), file), fragment };
  });
}

/** As code hosts make it of a heading. */
export function anchor(heading: string): string {
  return heading.replace(/^#+ /, '').toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
}
