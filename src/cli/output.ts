/** Where a command's words go, and whether they may be coloured. */
import { styleText, type InspectColor } from 'node:util';

export type Style = InspectColor;
export type Color = 'auto' | 'always' | 'never';

export interface Output {
  write(text: string): void;
  writeError(text: string): void;
  /** The text in a style, where standard output takes colours. */
  paint(style: Style | readonly Style[], text: string): string;
  /** The same for standard error. */
  paintError(style: Style | readonly Style[], text: string): string;
  /** Standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Characters in a row of the terminal. */
  readonly columns: number;
  readonly rows: number;
}

/** Where it is not a terminal, as wide as terminals are. */
const COLUMNS = 80;
const ROWS = 24;

export function isColor(value: unknown): value is Color {
  return value === 'auto' || value === 'always' || value === 'never';
}

/** Source: no-color.org; a terminal of the kind `dumb` shows no colours. */
function hasColors(stream: { readonly isTTY?: boolean }, color: Color, env: NodeJS.ProcessEnv): boolean {
  if (color !== 'auto') return color === 'always';
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** Standard output and error of the process. Ends the process, quietly, when nobody reads any more. */
export function processOutput(color: Color, env: NodeJS.ProcessEnv): Output {
  const { stdout, stderr } = process;
  for (const stream of [stdout, stderr]) stream.once('error', endQuietly);
  const paintFor = (stream: { readonly isTTY?: boolean }): Output['paint'] => {
    const isColored = hasColors(stream, color, env);
    return (style, text) => isColored ? styleText(style as Style, text, { validateStream: false }) : text;
  };
  return {
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    paint: paintFor(stdout),
    paintError: paintFor(stderr),
    isTerminal: stdout.isTTY === true,
    get columns() { return stdout.columns ?? COLUMNS; },
    get rows() { return stdout.rows ?? ROWS; },
  };
}

/** `| head` has seen enough. */
function endQuietly(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}
