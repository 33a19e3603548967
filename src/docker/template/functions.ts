/**
 * What a template can call by name: the engine's functions and Go's own. Source: moby daemon/logger/templates,
 * Go text/template/funcs.go.
 */
import { decodeRune } from './bytes.ts';
import { equalsAny, isLess, isLessOrEqual } from './compare.ts';
import { CallError } from './errors.ts';
import { escapeHtml, escapeJs, escapeQuery } from './escape.ts';
import { indexValue, lengthOf, sliceValue } from './indexing.ts';
import { toJson } from './json.ts';
import { printable, sprint, sprintln } from './print.ts';
import { sprintf } from './printf.ts';
import { toLower, toTitle, toUpper } from './unicode.ts';
import type { CallContext, Callable, ParameterType, Value } from './values.ts';
import { INVALID, bool, int, isTrue, itemsOf, string, strings, typeName } from './values.ts';

function textOf(value: Value | undefined): string {
  return value?.kind === 'string' ? value.value : '';
}

function countOf(value: Value | undefined): bigint {
  return value?.kind === 'int' ? value.value : 0n;
}

function textsOf(value: Value | undefined): string[] {
  return value?.kind === 'slice' ? itemsOf(value).map(textOf) : [];
}

function call(parameters: readonly ParameterType[], run: (args: readonly Value[], context: CallContext) => Value): Callable {
  return { parameters, call: run };
}

function variadic(parameters: readonly ParameterType[], run: (args: readonly Value[], context: CallContext) => Value): Callable {
  return { parameters, variadic: true, call: run };
}

function spaces(count: bigint, context: CallContext): string {
  if (count < 0n) throw new CallError('strings: negative Repeat count');
  context.spend(Number(count));
  return ' '.repeat(Number(count));
}

function pad(text: string, before: bigint, after: bigint, context: CallContext): string {
  if (text === '') return text;
  return spaces(before, context) + text + spaces(after, context);
}

function truncate(text: string, length: bigint): string {
  if (BigInt(text.length) < length) return text;
  if (length < 0n) throw new CallError(`runtime error: slice bounds out of range [:${length}]`);
  return text.slice(0, Number(length));
}

/** An empty separator splits into characters. */
function split(text: string, separator: string): string[] {
  if (separator !== '') return text.split(separator);
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const { size } = decodeRune(text, at);
    parts.push(text.slice(at, at + size));
    at += size;
  }
  return parts;
}

function join(parts: readonly string[], separator: string, context: CallContext): string {
  context.spend(parts.length * (separator.length + 1));
  for (const part of parts) context.spend(part.length);
  return parts.join(separator);
}

/** Text of the operands as html, js and urlquery take it. */
function operandText(args: readonly Value[], context: CallContext): string {
  return sprint(args.map(printable), context);
}

function callValue(target: Value | undefined): Value {
  if (target === undefined || target.kind === 'invalid') throw new CallError('call of nil');
  throw new CallError(`non-function of type ${typeName(target)}`);
}

/** and / or decide in the evaluator how many operands are evaluated; this is what is left when all were. */
const lastOperand = variadic(['reflect.Value', 'reflect.Value'], (args) => args.at(-1) ?? INVALID);

const ANY_PAIR: readonly ParameterType[] = ['reflect.Value', 'reflect.Value'];
const ANYTHING: readonly ParameterType[] = ['interface {}'];

const ENGINE_FUNCTIONS: readonly (readonly [string, Callable])[] = [
  ['json', call(ANYTHING, ([value = INVALID], context) => string(toJson(value, context)))],
  ['split', call(['string', 'string'], ([text, separator]) => strings(split(textOf(text), textOf(separator))))],
  ['join', call(['[]string', 'string'], ([parts, separator], context) => string(join(textsOf(parts), textOf(separator), context)))],
  ['title', call(['string'], ([text]) => string(toTitle(textOf(text))))],
  ['lower', call(['string'], ([text]) => string(toLower(textOf(text))))],
  ['upper', call(['string'], ([text]) => string(toUpper(textOf(text))))],
  ['pad', call(['string', 'int', 'int'], ([text, before, after], context) =>
    string(pad(textOf(text), countOf(before), countOf(after), context)))],
  ['truncate', call(['string', 'int'], ([text, length]) => string(truncate(textOf(text), countOf(length))))],
];

const BUILTINS: readonly (readonly [string, Callable])[] = [
  ['and', lastOperand],
  ['or', lastOperand],
  ['not', call(['reflect.Value'], ([value = INVALID]) => bool(!isTrue(value)))],
  ['eq', variadic(ANY_PAIR, ([first = INVALID, ...others]) => bool(equalsAny(first, others)))],
  ['ne', call(ANY_PAIR, ([a = INVALID, b = INVALID]) => bool(!equalsAny(a, [b])))],
  ['lt', call(ANY_PAIR, ([a = INVALID, b = INVALID]) => bool(isLess(a, b)))],
  ['le', call(ANY_PAIR, ([a = INVALID, b = INVALID]) => bool(isLessOrEqual(a, b)))],
  ['gt', call(ANY_PAIR, ([a = INVALID, b = INVALID]) => bool(!isLessOrEqual(a, b)))],
  ['ge', call(ANY_PAIR, ([a = INVALID, b = INVALID]) => bool(!isLess(a, b)))],
  ['len', call(['reflect.Value'], ([value = INVALID]) => int(lengthOf(value)))],
  ['index', variadic(ANY_PAIR, ([item = INVALID, ...indexes]) => indexValue(item, indexes))],
  ['slice', variadic(ANY_PAIR, ([item = INVALID, ...indexes]) => sliceValue(item, indexes))],
  ['call', variadic(ANY_PAIR, ([target]) => callValue(target))],
  ['print', variadic(ANYTHING, (args, context) => string(sprint(args, context)))],
  ['println', variadic(ANYTHING, (args, context) => string(sprintln(args, context)))],
  ['printf', variadic(['string', 'interface {}'], ([format, ...args], context) => string(sprintf(textOf(format), args, context)))],
  ['html', variadic(ANYTHING, (args, context) => string(escapeHtml(operandText(args, context))))],
  ['js', variadic(ANYTHING, (args, context) => string(escapeJs(operandText(args, context))))],
  ['urlquery', variadic(ANYTHING, (args, context) => string(escapeQuery(operandText(args, context))))],
];

export const FUNCTIONS: ReadonlyMap<string, Callable> = new Map([...BUILTINS, ...ENGINE_FUNCTIONS]);
export const FUNCTION_NAMES: ReadonlySet<string> = new Set(FUNCTIONS.keys());
