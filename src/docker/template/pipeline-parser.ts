/** Reads what stands between the delimiters: declarations, commands, operands. Source: Go text/template/parse/parse.go. */
import type { Token, TokenType } from './lexer.ts';
import type { CommandNode, Operand, PipeNode, VariableNode } from './nodes.ts';
import { nodeText } from './nodes.ts';
import { parseNumber } from './number.ts';
import type { NumberKind } from './number.ts';
import { quoteString, unquote } from './quote.ts';
import type { TokenStream } from './token-stream.ts';

const OPERAND_STARTS = new Set<TokenType>([
  'bool', 'charConstant', 'complex', 'dot', 'field', 'identifier', 'number', 'nil', 'rawString', 'string', 'variable', 'leftParen',
]);
const CONSTANTS = new Set<Operand['type']>(['bool', 'dot', 'nil', 'number', 'string']);

export class PipelineParser {
  readonly #tokens: TokenStream;
  readonly #functions: ReadonlySet<string>;
  /** Names in scope with how often each is declared, innermost last; the count makes the look-up independent of their number. */
  #scope: string[] = ['$'];
  #declared = new Map([['$', 1]]);

  constructor(tokens: TokenStream, functions: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#functions = functions;
  }

  /** What `read` declares is forgotten afterwards. */
  inSubScope<T>(read: () => T): T {
    const outer = this.#scope.length;
    const result = read();
    while (this.#scope.length > outer) this.#forget(this.#scope.pop() ?? '');
    return result;
  }

  /** Only `$` is known to what `read` reads. */
  inNewScope<T>(read: () => T): T {
    const [scope, declared] = [this.#scope, this.#declared];
    [this.#scope, this.#declared] = [['$'], new Map([['$', 1]])];
    const result = read();
    [this.#scope, this.#declared] = [scope, declared];
    return result;
  }

  #forget(name: string): void {
    this.#declared.set(name, (this.#declared.get(name) ?? 1) - 1);
  }

  #declare(token: Token): VariableNode {
    this.#scope.push(token.text);
    this.#declared.set(token.text, (this.#declared.get(token.text) ?? 0) + 1);
    return { type: 'variable', at: token.at, names: [token.text] };
  }

  pipeline(context: string, end: TokenType): PipeNode {
    return this.#tokens.nested(() => {
      const at = this.#tokens.peekNonSpace().at;
      const { variables, assigns } = this.#declarations(context);
      const commands: CommandNode[] = [];
      for (let token = this.#tokens.nextNonSpace(); token.type !== end; token = this.#tokens.nextNonSpace()) {
        if (!OPERAND_STARTS.has(token.type)) this.#tokens.unexpected(token, context);
        this.#tokens.backup();
        commands.push(this.#command());
      }
      this.#check(commands, context);
      return { type: 'pipe', at, assigns, variables, commands };
    });
  }

  #check(commands: readonly CommandNode[], context: string): void {
    if (commands.length === 0) this.#tokens.fail(`missing value for ${context}`);
    commands.forEach((command, index) => {
      const first = command.operands[0];
      if (index === 0 || first === undefined || !CONSTANTS.has(first.type)) return;
      this.#tokens.fail(`non executable command in pipeline stage ${index + 1}`);
    });
  }

  #declarations(context: string): { variables: VariableNode[]; assigns: boolean } {
    const variables: VariableNode[] = [];
    while (this.#tokens.peekNonSpace().type === 'variable') {
      const mark = this.#tokens.mark();
      const variable = this.#tokens.next();
      const sign = this.#tokens.nextNonSpace();
      if (sign.type === 'assign' || sign.type === 'declare') {
        variables.push(this.#declare(variable));
        return { variables, assigns: sign.type === 'assign' };
      }
      if (sign.type !== 'char' || sign.text !== ',') {
        this.#tokens.rewind(mark);
        break;
      }
      variables.push(this.#declare(variable));
      this.#checkComma(context, variables.length);
    }
    return { variables, assigns: false };
  }

  #checkComma(context: string, declared: number): void {
    if (context !== 'range' || declared >= 2) this.#tokens.fail(`too many declarations in ${context}`);
    const { type } = this.#tokens.peekNonSpace();
    const mayFollow = type === 'variable' || type === 'rightDelim' || type === 'rightParen';
    if (!mayFollow) this.#tokens.fail('range can only initialize variables');
  }

  #command(): CommandNode {
    const at = this.#tokens.peekNonSpace().at;
    const operands: Operand[] = [];
    for (;;) {
      this.#tokens.peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#tokens.next();
      if (token.type === 'space') continue;
      if (token.type === 'rightDelim' || token.type === 'rightParen') this.#tokens.backup();
      else if (token.type !== 'pipe') this.#tokens.unexpected(token, 'operand');
      break;
    }
    if (operands.length === 0) this.#tokens.fail('empty command');
    return { type: 'command', at, operands };
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    const at = this.#tokens.peek().at;
    if (term === undefined || this.#tokens.peek().type !== 'field') return term;
    const names: string[] = [];
    while (this.#tokens.peek().type === 'field') names.push(this.#tokens.next().text.slice(1));
    if (term.type === 'field' || term.type === 'variable') return { ...term, at, names: [...term.names, ...names] };
    if (CONSTANTS.has(term.type)) this.#tokens.fail(`unexpected . after term ${quoteString(nodeText(term))}`);
    return { type: 'chain', at, node: term, names };
  }

  #term(): Operand | undefined {
    const { type, text, at } = this.#tokens.nextNonSpace();
    switch (type) {
      case 'identifier':
        if (!this.#functions.has(text)) this.#tokens.fail(`function ${quoteString(text)} not defined`);
        return { type: 'function', at, name: text };
      case 'dot': case 'nil': return { type, at };
      case 'bool': return { type, at, value: text === 'true' };
      case 'field': return { type, at, names: [text.slice(1)] };
      case 'variable':
        if (!this.#declared.get(text)) this.#tokens.fail(`undefined variable ${quoteString(text)}`);
        return { type, at, names: [text] };
      case 'charConstant': case 'complex': case 'number': return this.#number(text, type, at);
      case 'string': case 'rawString':
        return { type: 'string', at, quoted: text, value: unquote(text) ?? this.#tokens.fail('invalid syntax') };
      case 'leftParen': return this.pipeline('parenthesized pipeline', 'rightParen');
      default:
        this.#tokens.backup();
        return undefined;
    }
  }

  #number(text: string, kind: NumberKind, at: number): Operand {
    try {
      return { type: 'number', at, text, number: parseNumber(text, kind) };
    } catch (error) {
      return this.#tokens.fail(error instanceof Error ? error.message : String(error));
    }
  }
}
