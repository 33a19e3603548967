/**
 * Walks the parse tree and collects the output. Source: Go text/template/exec.go, with ranges over integers (Go 1.24).
 */
import { Budget } from './budget.ts';
import { CallError } from './errors.ts';
import type { Source } from './expressions.ts';
import { Expressions } from './expressions.ts';
import type { BranchNode, ListNode, Statement, TemplateNode } from './nodes.ts';
import type { Templates } from './parser.ts';
import { printable, sprint } from './print.ts';
import { quoteString } from './quote.ts';
import type { Value } from './values.ts';
import { INVALID, int, isTrue, string } from './values.ts';

/** In bytes: a tag that long helps nobody. */
const MAX_OUTPUT_BYTES = 64 * 1024;

/** How a list ended: at its end, or early within a range. */
type Ending = 'end' | 'break' | 'continue';

/** What is the same for all templates of one execution. */
class Execution {
  readonly source: Source;
  readonly templates: Templates;
  readonly budget = new Budget();
  output = '';

  constructor(source: Source, templates: Templates) {
    this.source = source;
    this.templates = templates;
  }

  write(text: string): void {
    this.budget.spend(text.length);
    this.output += text;
    if (this.output.length > MAX_OUTPUT_BYTES) throw new CallError(`the output is longer than ${MAX_OUTPUT_BYTES} bytes`);
  }
}

/** One template being executed; a called template gets a walker of its own, because it inherits no variables. */
class Walker {
  readonly #execution: Execution;
  readonly #expressions: Expressions;

  constructor(execution: Execution, template: string, dot: Value) {
    this.#execution = execution;
    this.#expressions = new Expressions(execution.source, template, dot, execution.budget);
  }

  list(dot: Value, list: ListNode): Ending {
    this.#expressions.at(list);
    return this.#expressions.guard(() => this.#execution.budget.nested(() => this.#statements(dot, list)));
  }

  #statements(dot: Value, list: ListNode): Ending {
    for (const node of list.nodes) {
      const ending = this.#statement(dot, node);
      if (ending !== 'end') return ending;
    }
    return 'end';
  }

  #statement(dot: Value, node: Statement): Ending {
    this.#expressions.at(node);
    switch (node.type) {
      case 'text': this.#write(node.value); return 'end';
      case 'break': case 'continue': return node.type;
      case 'if': case 'with': return this.#branch(dot, node);
      case 'range': return this.#range(dot, node);
      case 'template': this.#template(dot, node); return 'end';
      case 'action': {
        const value = this.#expressions.pipeline(dot, node.pipe);
        this.#expressions.at(node);
        if (node.pipe.variables.length === 0) this.#write(this.#text(value));
        return 'end';
      }
    }
  }

  #text(value: Value): string {
    if (value.kind === 'string') return value.value;
    return this.#expressions.guard(() => sprint([printable(value)], this.#execution.budget));
  }

  #write(text: string): void {
    this.#expressions.guard(() => this.#execution.write(text));
  }

  #branch(dot: Value, node: BranchNode): Ending {
    const mark = this.#expressions.mark();
    const value = this.#expressions.pipeline(dot, node.pipe);
    const taken = isTrue(value) ? node.body : node.otherwise;
    const inner = isTrue(value) && node.type === 'with' ? value : dot;
    const ending = taken === undefined ? 'end' : this.list(inner, taken);
    this.#expressions.pop(mark);
    return ending;
  }

  #range(dot: Value, node: BranchNode): Ending {
    const outer = this.#expressions.mark();
    const value = this.#expressions.pipeline(dot, node.pipe);
    const inner = this.#expressions.mark();
    let any = false;
    for (const [key, item] of this.#elements(value, node.pipe.variables.length)) {
      any = true;
      this.#expressions.setLoopVariables(node.pipe, key, item);
      const bodyEnding = this.list(item, node.body);
      this.#expressions.pop(inner);
      if (bodyEnding === 'break') break;
    }
    const ending = any || node.otherwise === undefined ? 'end' : this.list(dot, node.otherwise);
    this.#expressions.pop(outer);
    // Go's quirk: of the jumps in the else part, `break` ends this range, `continue` belongs to the one around it.
    return ending === 'break' ? 'end' : ending;
  }

  *#elements(value: Value, variables: number): Generator<readonly [Value, Value]> {
    switch (value.kind) {
      case 'invalid': return;
      case 'slice':
        for (let index = 0; index < value.length; index++) yield [int(index), value.items[value.start + index] ?? INVALID];
        return;
      case 'map':
        for (const [key, item] of value.entries) yield [string(key), item];
        return;
      case 'int': case 'uint':
        if (variables > 1) this.#expressions.fail(`can't use ${this.#text(value)} to iterate over more than one variable`);
        for (let count = 0n; count < value.value; count++) yield [INVALID, { ...value, value: count }];
        return;
      // Go shows the value, which may be a secret among the log options.
      default: this.#expressions.fail(`range can't iterate over a value of type ${value.type}`);
    }
  }

  #template(dot: Value, node: TemplateNode): void {
    const list = this.#execution.templates.get(node.name);
    if (list === undefined) return this.#expressions.fail(`template ${quoteString(node.name)} not defined`);
    const inner = node.pipe === undefined ? INVALID : this.#expressions.pipeline(dot, node.pipe);
    this.#expressions.at(node);
    new Walker(this.#execution, node.name, inner).list(inner, list);
  }
}

/** Byte strings in and out. Throws TemplateError. */
export function evaluate(source: Source, templates: Templates, dot: Value): string {
  const execution = new Execution(source, templates);
  const root = templates.get(source.name);
  if (root !== undefined) new Walker(execution, source.name, dot).list(dot, root);
  return execution.output;
}
