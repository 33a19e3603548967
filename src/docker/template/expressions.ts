/** Evaluates pipelines: commands, fields, calls and their arguments. Source: Go text/template/exec.go. */
import { fromBytes } from './bytes.ts';
import type { Budget } from './budget.ts';
import { CallError, TemplateError } from './errors.ts';
import { FUNCTIONS } from './functions.ts';
import { findMethod } from './methods.ts';
import type { ChainNode, CommandNode, FieldNode, FunctionNode, Node, NumberNode, Operand, PipeNode, VariableNode } from './nodes.ts';
import { nodeText } from './nodes.ts';
import { constantFor, fitTo, fits } from './parameters.ts';
import { quoteString } from './quote.ts';
import type { Callable, ParameterType, Value } from './values.ts';
import { INVALID, bool, float, int, isTrue, string, typeName } from './values.ts';

/** Longer pieces of the template are cut in error messages. In bytes. */
const LONGEST_SHOWN = 200;

export interface Source {
  readonly name: string;
  /** Byte string. */
  readonly text: string;
}

interface Variable {
  readonly name: string;
  value: Value;
}

/** What stands in front of a command's last operand when something was piped into it. */
type Piped = Value | undefined;

export class Expressions {
  readonly #source: Source;
  readonly #template: string;
  readonly #budget: Budget;
  readonly #variables: Variable[];
  /** The node that an error is about. */
  #node: Node | undefined;

  constructor(source: Source, template: string, dot: Value, budget: Budget) {
    this.#source = source;
    this.#template = template;
    this.#budget = budget;
    this.#variables = [{ name: '$', value: dot }];
  }

  at(node: Node): void {
    this.#node = node;
  }

  fail(text: string): never {
    const shown = this.#node === undefined ? '' : nodeText(this.#node);
    const context = shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}...` : shown;
    const where = `${this.#location()}: executing ${quoteString(this.#template)} at <${context}>`;
    throw new TemplateError(fromBytes(`template: ${where}: ${text}`));
  }

  #location(): string {
    const before = this.#source.text.slice(0, this.#node?.at ?? 0);
    const lines = before.split('\n');
    return `${this.#source.name}:${lines.length}:${lines.at(-1)?.length ?? 0}`;
  }

  /** Runs what may exceed the budget, so that the error says where. */
  guard<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof CallError) return this.fail(error.message);
      throw error;
    }
  }

  mark(): number {
    return this.#variables.length;
  }

  pop(mark: number): void {
    this.#variables.length = mark;
  }

  /** Two variables take the key and the item, one takes the item. They are the last declared, or any if assigned to. */
  setLoopVariables(pipe: PipeNode, key: Value, item: Value): void {
    const values = pipe.variables.length > 1 ? [key, item] : [item];
    pipe.variables.forEach(({ names }, index) => {
      const variable = pipe.assigns ? this.#variable(names[0] ?? '') : this.#variables.at(index - pipe.variables.length);
      if (variable !== undefined) variable.value = values[index] ?? INVALID;
    });
  }

  #variable(name: string): Variable {
    const index = this.#variables.findLastIndex((variable) => variable.name === name);
    this.guard(() => this.#budget.spend(this.#variables.length - index));
    return this.#variables[index] ?? this.fail(`undefined variable: ${name}`);
  }

  /** Declared variables stay until the caller pops them. */
  pipeline(dot: Value, pipe: PipeNode): Value {
    this.at(pipe);
    return this.guard(() => this.#budget.nested(() => this.#pipeline(dot, pipe)));
  }

  #pipeline(dot: Value, pipe: PipeNode): Value {
    let piped: Piped;
    for (const command of pipe.commands) piped = this.#command(dot, command, piped);
    const value = piped ?? INVALID;
    for (const { names } of pipe.variables) {
      const name = names[0] ?? '';
      if (pipe.assigns) this.#variable(name).value = value;
      else this.#variables.push({ name, value });
    }
    return value;
  }

  #command(dot: Value, command: CommandNode, piped: Piped): Value {
    const [first, ...args] = command.operands;
    if (first === undefined) return this.fail('empty command');
    switch (first.type) {
      case 'field': return this.#field(dot, first, args, piped);
      case 'chain': return this.#chain(dot, first, args, piped);
      case 'function': return this.#function(dot, first, command, args, piped);
      case 'variable': return this.#variableChain(dot, first, args, piped);
      case 'pipe':
        this.#refuseArguments(first, args, piped);
        return this.pipeline(dot, first);
      default: break;
    }
    this.at(first);
    this.#refuseArguments(first, args, piped);
    if (first.type === 'nil') return this.fail('nil is not a command');
    return first.type === 'dot' ? dot : this.#constant(first);
  }

  #refuseArguments(first: Operand, args: readonly Operand[], piped: Piped): void {
    if (args.length > 0 || piped !== undefined) this.fail(`can't give argument to non-function ${nodeText(first)}`);
  }

  #constant(node: Extract<Operand, { type: 'bool' | 'number' | 'string' }>): Value {
    if (node.type === 'bool') return bool(node.value);
    return node.type === 'string' ? string(node.value) : this.#number(node);
  }

  /** The spelling decides the type: a point or an exponent makes a float, unless it is hexadecimal or a character. */
  #number({ number, text }: NumberNode): Value {
    if (number.complex !== undefined) return { kind: 'complex', type: 'complex128', ...number.complex };
    const isHexInteger = /^0[xX]/.test(text) && !/[pP]/.test(text);
    const looksFloat = !isHexInteger && !text.startsWith("'") && /[.eEpP]/.test(text);
    if (number.float !== undefined && looksFloat) return float(number.float);
    return number.int === undefined ? this.fail(`${text} overflows int`) : int(number.int);
  }

  #field(dot: Value, node: FieldNode, args: readonly Operand[], piped: Piped): Value {
    this.at(node);
    return this.#names(dot, dot, node, node.names, args, piped);
  }

  #chain(dot: Value, node: ChainNode, args: readonly Operand[], piped: Piped): Value {
    this.at(node);
    const receiver = this.#argument(dot, undefined, node.node);
    return this.#names(dot, receiver, node, node.names, args, piped);
  }

  #variableChain(dot: Value, node: VariableNode, args: readonly Operand[], piped: Piped): Value {
    this.at(node);
    const [name = '', ...names] = node.names;
    const { value } = this.#variable(name);
    if (names.length > 0) return this.#names(dot, value, node, names, args, piped);
    this.#refuseArguments(node, args, piped);
    return value;
  }

  /** Arguments go to the last name. */
  #names(dot: Value, receiver: Value, node: Node, names: readonly string[], args: readonly Operand[], piped: Piped): Value {
    let value = receiver;
    names.forEach((name, index) => {
      const isLast = index === names.length - 1;
      this.guard(() => this.#budget.spend(1));
      value = this.#member(dot, value, node, name, isLast ? args : [], isLast ? piped : undefined);
    });
    return value;
  }

  #member(dot: Value, receiver: Value, node: Node, name: string, args: readonly Operand[], piped: Piped): Value {
    if (receiver.kind === 'invalid') return INVALID;
    const method = findMethod(receiver, name);
    if (method !== undefined) return this.#call(dot, method, node, name, args, piped);
    const hasArguments = args.length > 0 || piped !== undefined;
    if (receiver.kind === 'info') {
      const field = receiver.fields.get(name);
      if (field !== undefined && hasArguments) this.fail(`${name} has arguments but cannot be invoked as function`);
      if (field !== undefined) return this.guard(field);
    }
    if (receiver.kind === 'map') {
      if (hasArguments) this.fail(`${name} is not a method but has arguments`);
      return receiver.entries.get(name) ?? INVALID;
    }
    return this.fail(`can't evaluate field ${name} in type ${typeName(receiver)}`);
  }

  #function(dot: Value, node: FunctionNode, command: Node, args: readonly Operand[], piped: Piped): Value {
    this.at(node);
    const target = FUNCTIONS.get(node.name);
    if (target === undefined) return this.fail(`${quoteString(node.name)} is not a defined function`);
    return this.#call(dot, target, command, node.name, args, piped);
  }

  #call(dot: Value, target: Callable, node: Node, name: string, args: readonly Operand[], piped: Piped): Value {
    this.#checkCount(target, name, args.length, args.length + (piped === undefined ? 0 : 1));
    if (name === 'and' || name === 'or') return this.#shortCircuit(dot, name, args, piped);
    const values = args.map((arg, index) => this.#argument(dot, parameterAt(target, index), arg));
    if (piped !== undefined) values.push(this.#fit(piped, parameterAt(target, args.length)));
    try {
      for (const value of values) if (value.kind === 'string') this.#budget.spend(value.value.length);
      const result = target.call(values, this.#budget);
      this.#budget.spend(result.kind === 'slice' ? result.length : 1);
      return result;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.at(node);
      return this.fail(`error calling ${name}: ${error.message}`);
    }
  }

  #checkCount(target: Callable, name: string, written: number, given: number): void {
    const wanted = target.parameters.length - (target.variadic === true ? 1 : 0);
    if (target.variadic === true && given < wanted) {
      this.fail(`wrong number of args for ${name}: want at least ${wanted} got ${written}`);
    }
    if (target.variadic !== true && given !== wanted) this.fail(`wrong number of args for ${name}: want ${wanted} got ${given}`);
    if (target.results !== undefined) this.fail(`can't call method/function ${quoteString(name)} with ${target.results} results`);
  }

  /** `and` and `or` evaluate no more than they need; what is piped in comes last and is returned as it is. */
  #shortCircuit(dot: Value, name: 'and' | 'or', args: readonly Operand[], piped: Piped): Value {
    let value: Value = INVALID;
    for (const arg of args) {
      value = this.#argument(dot, 'reflect.Value', arg);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped ?? value;
  }

  #fit(value: Value, type: ParameterType | undefined): Value {
    const fitted = fitTo(value, type);
    return typeof fitted === 'string' ? this.fail(fitted) : fitted;
  }

  #argument(dot: Value, type: ParameterType | undefined, node: Operand): Value {
    this.at(node);
    this.guard(() => this.#budget.spend(1));
    switch (node.type) {
      case 'dot': return this.#fit(dot, type);
      case 'nil':
        if (type === undefined) return this.fail(`indirection through explicit nil in ${nodeText(node)}`);
        return fits(INVALID, type) ? INVALID : this.fail(`cannot assign nil to ${type}`);
      case 'field': return this.#fit(this.#field(dot, node, [], undefined), type);
      case 'variable': return this.#fit(this.#variableChain(dot, node, [], undefined), type);
      case 'pipe': return this.#fit(this.pipeline(dot, node), type);
      case 'function': return this.#fit(this.#function(dot, node, node, [], undefined), type);
      case 'chain': return this.#fit(this.#chain(dot, node, [], undefined), type);
      default: break;
    }
    if (type === undefined || type === 'interface {}' || type === 'reflect.Value') return this.#constant(node);
    const constant = constantFor(node, type);
    return typeof constant === 'string' ? this.fail(constant) : constant;
  }
}

function parameterAt(target: Callable, index: number): ParameterType | undefined {
  return target.parameters[Math.min(index, target.parameters.length - 1)];
}
