/**
 * Builds the parse trees of a template and of everything it defines. Source: Go text/template/parse/parse.go, with
 * `else with` (Go 1.23). Nesting is bounded, because the parser and the evaluator recurse.
 */
import { fromBytes } from './bytes.ts';
import { Lexer } from './lexer.ts';
import type { Token } from './lexer.ts';
import type { BranchNode, ListNode, Statement } from './nodes.ts';
import { PipelineParser } from './pipeline-parser.ts';
import { TokenStream } from './token-stream.ts';
import { quoteString, unquote } from './quote.ts';

export type Templates = ReadonlyMap<string, ListNode>;

/** Ends a list; `at` is where. */
interface Terminator {
  readonly word: 'end' | 'else';
  readonly at: number;
}

/** Blocks and parentheses within each other. Real tags have two or three. */
const MAX_DEPTH = 200;

function isEmpty(list: ListNode): boolean {
  return list.nodes.every((node) => node.type === 'text' && /^\p{White_Space}*$/u.test(fromBytes(node.value)));
}

class Parser {
  readonly #tokens: TokenStream;
  readonly #pipelines: PipelineParser;
  readonly #templates = new Map<string, ListNode>();
  #rangeDepth = 0;

  constructor(name: string, input: string, functions: ReadonlySet<string>) {
    this.#tokens = new TokenStream(name, new Lexer(input).tokens(), MAX_DEPTH);
    this.#pipelines = new PipelineParser(this.#tokens, functions);
  }

  parse(name: string): Templates {
    const at = this.#tokens.peek().at;
    const nodes: Statement[] = [];
    while (this.#tokens.peek().type !== 'eof') {
      if (this.#definition()) continue;
      const next = this.#statement();
      if ('word' in next) this.#tokens.fail(`unexpected {{${next.word}}}`);
      else nodes.push(next);
    }
    this.#add(name, { type: 'list', at, nodes });
    return this.#templates;
  }

  /** An empty definition gives way to a full one; two full ones are an error. */
  #add(name: string, list: ListNode): void {
    const known = this.#templates.get(name);
    if (known === undefined || isEmpty(known)) this.#templates.set(name, list);
    else if (!isEmpty(list)) this.#tokens.fail(`template: multiple definition of template ${quoteString(name)}`);
  }

  #definition(): boolean {
    const mark = this.#tokens.mark();
    const isDefinition = this.#tokens.next().type === 'leftDelim' && this.#isKeyword(this.#tokens.nextNonSpace(), 'define');
    if (!isDefinition) {
      this.#tokens.rewind(mark);
      return false;
    }
    const name = this.#name('define clause');
    this.#tokens.expect('rightDelim', 'define clause');
    this.#body(name, 'define clause');
    return true;
  }

  /** The part of a `define` or `block` up to its end: a template of its own, with variables of its own. */
  #body(name: string, context: string): void {
    const outerRange = this.#rangeDepth;
    this.#rangeDepth = 0;
    const { list, end } = this.#pipelines.inNewScope(() => this.#list());
    this.#rangeDepth = outerRange;
    if (end.word !== 'end') this.#tokens.fail(`unexpected {{${end.word}}} in ${context}`);
    this.#add(name, list);
  }

  #isKeyword(token: Token, word: string): boolean {
    return token.type === 'keyword' && token.text === word;
  }

  #name(context: string): string {
    const token = this.#tokens.nextNonSpace();
    if (token.type !== 'string' && token.type !== 'rawString') return this.#tokens.unexpected(token, context);
    return unquote(token.text) ?? this.#tokens.fail('invalid syntax');
  }

  #list(): { list: ListNode; end: Terminator } {
    const at = this.#tokens.peekNonSpace().at;
    const nodes: Statement[] = [];
    while (this.#tokens.peekNonSpace().type !== 'eof') {
      const next = this.#statement();
      if ('word' in next) return { list: { type: 'list', at, nodes }, end: next };
      nodes.push(next);
    }
    return this.#tokens.fail('unexpected EOF');
  }

  #statement(): Statement | Terminator {
    const token = this.#tokens.nextNonSpace();
    if (token.type === 'text') return { type: 'text', at: token.at, value: token.text };
    if (token.type !== 'leftDelim') return this.#tokens.unexpected(token, 'input');
    this.#tokens.actionLine = token.line;
    const statement = this.#action();
    this.#tokens.actionLine = 0;
    return statement;
  }

  #action(): Statement | Terminator {
    const token = this.#tokens.nextNonSpace();
    switch (token.type === 'keyword' ? token.text : '') {
      case 'block': return this.#block();
      case 'break': return this.#jump(token, 'break');
      case 'continue': return this.#jump(token, 'continue');
      case 'else': return this.#else();
      case 'end': return { word: 'end', at: this.#tokens.expect('rightDelim', 'end').at };
      case 'if': return this.#branch('if');
      case 'range': return this.#branch('range');
      case 'with': return this.#branch('with');
      case 'template': return this.#template();
      default: break;
    }
    this.#tokens.backup();
    return { type: 'action', at: token.at, pipe: this.#pipelines.pipeline('command', 'rightDelim') };
  }

  #jump(token: Token, type: 'break' | 'continue'): Statement {
    this.#tokens.expect('rightDelim', `{{${type}}}`);
    if (this.#rangeDepth === 0) this.#tokens.fail(`{{${type}}} outside {{range}}`);
    return { type, at: token.at };
  }

  /** `{{else if …}}` leaves its second word for the branch that it belongs to. */
  #else(): Terminator {
    const next = this.#tokens.peekNonSpace();
    if (this.#isKeyword(next, 'if') || this.#isKeyword(next, 'with')) return { word: 'else', at: next.at };
    return { word: 'else', at: this.#tokens.expect('rightDelim', 'else').at };
  }

  #branch(type: BranchNode['type']): BranchNode {
    return this.#tokens.nested(() => this.#pipelines.inSubScope(() => this.#branchParts(type)));
  }

  #branchParts(type: BranchNode['type']): BranchNode {
    const pipe = this.#pipelines.pipeline(type, 'rightDelim');
    this.#rangeDepth += type === 'range' ? 1 : 0;
    const { list, end } = this.#list();
    this.#rangeDepth -= type === 'range' ? 1 : 0;
    const otherwise = end.word === 'end' ? undefined : this.#otherwise(type, end);
    return { type, at: pipe.at, pipe, body: list, otherwise };
  }

  #otherwise(type: BranchNode['type'], end: Terminator): ListNode {
    const chained = type !== 'range' && this.#isKeyword(this.#tokens.peek(), type);
    if (chained) {
      this.#tokens.next();
      return { type: 'list', at: end.at, nodes: [this.#branch(type)] };
    }
    const { list, end: last } = this.#list();
    if (last.word !== 'end') this.#tokens.fail(`expected end; found {{${last.word}}}`);
    return list;
  }

  #block(): Statement {
    const token = this.#tokens.peekNonSpace();
    const name = this.#name('block clause');
    const pipe = this.#pipelines.pipeline('block clause', 'rightDelim');
    this.#tokens.nested(() => this.#body(name, 'block clause'));
    return { type: 'template', at: token.at, name, pipe };
  }

  #template(): Statement {
    const token = this.#tokens.peekNonSpace();
    const name = this.#name('template clause');
    if (this.#tokens.peekNonSpace().type === 'rightDelim') {
      this.#tokens.next();
      return { type: 'template', at: token.at, name, pipe: undefined };
    }
    return { type: 'template', at: token.at, name, pipe: this.#pipelines.pipeline('template clause', 'rightDelim') };
  }
}

/** `input` is a byte string. Throws TemplateError. */
export function parse(name: string, input: string, functions: ReadonlySet<string>): Templates {
  return new Parser(name, input, functions).parse(name);
}
