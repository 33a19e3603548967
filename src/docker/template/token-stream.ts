/** The tokens as the parsers read them: look-ahead, expectations, and errors that know the template's name and line. */
import { fromBytes } from './bytes.ts';
import { TemplateError } from './errors.ts';
import type { Token, TokenType } from './lexer.ts';
import { quoteString } from './quote.ts';

const LONGEST_SHOWN = 10;
/** In bytes: a message may quote a constant, which may be very long. */
const LONGEST_MESSAGE = 300;

export function describeToken(token: Token): string {
  if (token.type === 'eof') return 'EOF';
  if (token.type === 'error') return token.text;
  if (token.type === 'keyword' || token.type === 'dot' || token.type === 'nil') return `<${token.text}>`;
  if (token.text.length <= LONGEST_SHOWN) return quoteString(token.text);
  return `${quoteString(token.text.slice(0, LONGEST_SHOWN))}...`;
}

export class TokenStream {
  readonly #name: string;
  readonly #tokens: readonly Token[];
  readonly #maxDepth: number;
  #next = 0;
  #furthest = 0;
  #depth = 0;
  /** Line of the action that is being read, 0 outside. */
  actionLine = 0;

  /** The last token is an `eof` or an `error`, and is never passed. */
  constructor(name: string, tokens: readonly Token[], maxDepth: number) {
    this.#name = name;
    this.#tokens = tokens;
    this.#maxDepth = maxDepth;
  }

  peek(): Token {
    const index = Math.min(this.#next, this.#tokens.length - 1);
    this.#furthest = Math.max(this.#furthest, index);
    return this.#tokens[index] ?? { type: 'eof', text: '', at: 0, line: 1 };
  }

  next(): Token {
    const token = this.peek();
    this.#next++;
    return token;
  }

  /** Takes back one `next` or `nextNonSpace`. */
  backup(): void {
    this.#next--;
  }

  /** Blanks are consumed, the token is not. */
  peekNonSpace(): Token {
    while (this.peek().type === 'space') this.#next++;
    return this.peek();
  }

  nextNonSpace(): Token {
    this.peekNonSpace();
    return this.next();
  }

  mark(): number {
    return this.#next;
  }

  rewind(mark: number): void {
    this.#next = mark;
  }

  expect(type: TokenType, context: string): Token {
    const token = this.nextNonSpace();
    return token.type === type ? token : this.unexpected(token, context);
  }

  unexpected(token: Token, context: string): never {
    if (token.type !== 'error') return this.fail(`unexpected ${describeToken(token)} in ${context}`);
    if (this.actionLine === 0 || this.actionLine === token.line) return this.fail(token.text);
    const where = ` started at ${this.#name}:${this.actionLine}`;
    return this.fail(token.text.endsWith(' action') ? token.text + where : `${token.text} in action${where}`);
  }

  fail(text: string): never {
    const line = this.#tokens[this.#furthest]?.line ?? 1;
    const shown = text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}...` : text;
    throw new TemplateError(fromBytes(`template: ${this.#name}:${line}: ${shown}`));
  }

  /** Runs one level deeper; every construct that can contain itself is read through this. */
  nested<T>(read: () => T): T {
    if (this.#depth === this.#maxDepth) this.fail(`nested deeper than ${this.#maxDepth} levels`);
    this.#depth++;
    const result = read();
    this.#depth--;
    return result;
  }
}
