/**
 * Cuts a template (a byte string) into tokens. Blanks inside an action are tokens, because `$x .y` and `$x.y` differ.
 * An error is the last token, so that the parser can say what it was reading. Source: Go text/template/parse/lex.go.
 */
import { decodeRune, encodeRune } from './bytes.ts';
import { quoteString } from './quote.ts';
import { isAlphaNumeric, isPrintable } from './unicode.ts';

export type TokenType =
  | 'text' | 'leftDelim' | 'rightDelim' | 'leftParen' | 'rightParen' | 'space' | 'pipe' | 'assign' | 'declare' | 'char'
  | 'string' | 'rawString' | 'charConstant' | 'number' | 'complex' | 'bool' | 'field' | 'variable' | 'identifier'
  | 'keyword' | 'dot' | 'nil' | 'eof' | 'error';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  /** Byte offset in the template. */
  readonly at: number;
  /** Counted from 1. */
  readonly line: number;
}

const KEYWORDS = new Set(['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with']);
const BLANK = ' \t\r\n';
const BLANKS = /[ \t\r\n]*/y;
const NUMBER = new RegExp(
  '[+-]?(?:' +
    '0[xX][0-9a-fA-F_]*(?:\\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?' +
    '|0[oO][0-7_]*(?:\\.[0-7_]*)?' +
    '|0[bB][01_]*(?:\\.[01_]*)?' +
    '|[0-9_]*(?:\\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?' +
    ')i?',
  'y',
);
const SIMPLE = new Map<string, TokenType>([['=', 'assign'], ['|', 'pipe'], ['(', 'leftParen'], [')', 'rightParen']]);
const QUOTES = new Map<string, readonly [TokenType, string]>([
  ['"', ['string', 'unterminated quoted string']],
  ["'", ['charConstant', 'unterminated character constant']],
]);

function isBlank(char: string): boolean {
  return char !== '' && BLANK.includes(char);
}

/** A character as Go's `%#U` shows it. */
function describeRune(code: number): string {
  const point = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return isPrintable(code) ? `${point} '${encodeRune(code)}'` : point;
}

export class Lexer {
  readonly #input: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  /** Where the token that is being read begins, and its line. */
  #start = 0;
  #line = 1;
  #parenDepth = 0;
  #inAction = false;

  constructor(input: string) {
    this.#input = input;
  }

  tokens(): readonly Token[] {
    let more = true;
    while (more) more = this.#inAction ? this.#action() : this.#text();
    return this.#tokens;
  }

  #emit(type: TokenType): true {
    this.#tokens.push({ type, text: this.#input.slice(this.#start, this.#at), at: this.#start, line: this.#line });
    return this.#ignore();
  }

  #ignore(): true {
    for (let at = this.#start; at < this.#at; at++) if (this.#input.charCodeAt(at) === 10) this.#line++;
    this.#start = this.#at;
    return true;
  }

  #fail(text: string): false {
    this.#tokens.push({ type: 'error', text, at: this.#start, line: this.#line });
    return false;
  }

  #char(offset = 0): string {
    return this.#input.charAt(this.#at + offset);
  }

  #skipBlanks(): true {
    BLANKS.lastIndex = this.#at;
    this.#at += BLANKS.exec(this.#input)?.[0].length ?? 0;
    return this.#ignore();
  }

  #text(): boolean {
    const found = this.#input.indexOf('{{', this.#at);
    const end = found < 0 ? this.#input.length : found;
    const trims = found >= 0 && this.#input.charAt(found + 2) === '-' && isBlank(this.#input.charAt(found + 3));
    this.#at = end;
    while (trims && this.#at > this.#start && isBlank(this.#char(-1))) this.#at--;
    if (this.#at > this.#start) this.#emit('text');
    this.#at = end;
    this.#ignore();
    if (found < 0) {
      this.#emit('eof');
      return false;
    }
    return this.#leftDelim(trims ? 2 : 0);
  }

  #leftDelim(markerLength: number): boolean {
    this.#at += 2;
    if (this.#input.startsWith('/*', this.#at + markerLength)) {
      this.#at += markerLength;
      this.#ignore();
      return this.#comment();
    }
    this.#emit('leftDelim');
    this.#at += markerLength;
    this.#parenDepth = 0;
    this.#inAction = true;
    return this.#ignore();
  }

  #comment(): boolean {
    const end = this.#input.indexOf('*/', this.#at + 2);
    if (end < 0) return this.#fail('unclosed comment');
    this.#at = end + 2;
    const delimiter = this.#rightDelimLength();
    if (delimiter === 0) return this.#fail('comment ends before closing delimiter');
    this.#at += delimiter;
    this.#ignore();
    return delimiter === 4 ? this.#skipBlanks() : true;
  }

  /** 2 for `}}`, 4 for ` -}}`, 0 when there is none. */
  #rightDelimLength(): number {
    if (isBlank(this.#char()) && this.#input.startsWith('-}}', this.#at + 1)) return 4;
    return this.#input.startsWith('}}', this.#at) ? 2 : 0;
  }

  #rightDelim(length: number): boolean {
    if (this.#parenDepth > 0) return this.#fail('unclosed left paren');
    this.#at += length - 2;
    this.#ignore();
    this.#at += 2;
    this.#emit('rightDelim');
    this.#inAction = false;
    return length === 4 ? this.#skipBlanks() : true;
  }

  #action(): boolean {
    const delimiter = this.#rightDelimLength();
    if (delimiter > 0) return this.#rightDelim(delimiter);
    const char = this.#char();
    if (char === '') return this.#fail('unclosed action');
    if (isBlank(char)) return this.#space();
    if (char === '"' || char === "'") return this.#quoted(char);
    if (char === '`') return this.#rawString();
    if (char === '$') return this.#name('variable', 'variable');
    if (char === '.' && !/[0-9]/.test(this.#char(1)) && this.#char(1) !== '') return this.#name('field', 'dot');
    if (/[.+\-0-9]/.test(char)) return this.#number();
    const { code, size } = decodeRune(this.#input, this.#at);
    if (isAlphaNumeric(code)) return this.#identifier();
    this.#at += size;
    return this.#punctuation(char, code);
  }

  #punctuation(char: string, code: number): boolean {
    if (char === ':') {
      if (this.#char() !== '=') return this.#fail('expected :=');
      this.#at++;
      return this.#emit('declare');
    }
    if (code > 0x7f || !isPrintable(code)) return this.#fail(`unrecognized character in action: ${describeRune(code)}`);
    this.#emit(SIMPLE.get(char) ?? 'char');
    this.#parenDepth += char === '(' ? 1 : char === ')' ? -1 : 0;
    return this.#parenDepth < 0 ? this.#fail(`unexpected right paren ${describeRune(code)}`) : true;
  }

  /** The last blank may belong to ` -}}`. */
  #space(): boolean {
    while (isBlank(this.#char()) && this.#rightDelimLength() === 0) this.#at++;
    return this.#emit('space');
  }

  #quoted(quote: string): boolean {
    const [type, failure] = QUOTES.get(quote) ?? ['string', ''];
    for (this.#at++; this.#char() !== quote; this.#at++) {
      if (this.#char() === '\\') this.#at++;
      if (this.#char() === '' || this.#char() === '\n') return this.#fail(failure);
    }
    this.#at++;
    return this.#emit(type);
  }

  #rawString(): boolean {
    const end = this.#input.indexOf('`', this.#at + 1);
    if (end < 0) return this.#fail('unterminated raw quoted string');
    this.#at = end + 1;
    return this.#emit('rawString');
  }

  #skipName(): void {
    for (;;) {
      const { code, size } = decodeRune(this.#input, this.#at);
      if (size === 0 || !isAlphaNumeric(code)) return;
      this.#at += size;
    }
  }

  #atTerminator(): boolean {
    const char = this.#char();
    return char === '' || ' \t\r\n.,|:)('.includes(char) || this.#input.startsWith('}}', this.#at);
  }

  #badCharacter(): false {
    return this.#fail(`bad character ${describeRune(decodeRune(this.#input, this.#at).code)}`);
  }

  /** `.name` or `$name`; `bare` is what the sign alone means. */
  #name(type: TokenType, bare: TokenType): boolean {
    this.#at++;
    if (this.#atTerminator()) return this.#emit(bare);
    this.#skipName();
    return this.#atTerminator() ? this.#emit(type) : this.#badCharacter();
  }

  #identifier(): boolean {
    this.#skipName();
    if (!this.#atTerminator()) return this.#badCharacter();
    const word = this.#input.slice(this.#start, this.#at);
    if (word === 'nil') return this.#emit('nil');
    if (word === 'true' || word === 'false') return this.#emit('bool');
    return this.#emit(KEYWORDS.has(word) ? 'keyword' : 'identifier');
  }

  #scanNumber(): boolean {
    NUMBER.lastIndex = this.#at;
    this.#at += NUMBER.exec(this.#input)?.[0].length ?? 0;
    const { code, size } = decodeRune(this.#input, this.#at);
    if (size === 0 || !isAlphaNumeric(code)) return true;
    this.#at += size;
    return false;
  }

  #number(): boolean {
    const bad = (): false => this.#fail(`bad number syntax: ${quoteString(this.#input.slice(this.#start, this.#at))}`);
    if (!this.#scanNumber()) return bad();
    if (this.#char() !== '+' && this.#char() !== '-') return this.#emit('number');
    return this.#scanNumber() && this.#char(-1) === 'i' ? this.#emit('complex') : bad();
  }
}
