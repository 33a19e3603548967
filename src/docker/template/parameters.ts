/** What may be passed for a parameter of a type, and what a constant becomes there. Source: Go text/template/exec.go. */
import type { Operand } from './nodes.ts';
import { nodeText } from './nodes.ts';
import type { ParameterType, Value } from './values.ts';
import { int, string, typeName } from './values.ts';

const NILABLE = new Set<ParameterType>(['interface {}', 'reflect.Value', '[]string', 'func(string) string', '*time.Location']);

export function fits(value: Value, type: ParameterType): boolean {
  if (value.kind === 'invalid') return NILABLE.has(type);
  return type === 'interface {}' || type === 'reflect.Value' || value.type === type;
}

/** The value itself, or what is wrong with it. Without a type anything goes. */
export function fitTo(value: Value, type: ParameterType | undefined): Value | string {
  if (type === undefined || fits(value, type)) return value;
  if (value.kind === 'invalid') return `invalid value; expected ${type}`;
  return `wrong type for value; expected ${type}; got ${typeName(value)}`;
}

/** What a constant is for a parameter of a definite type, or what is wrong with it. */
export function constantFor(node: Operand, type: ParameterType): Value | string {
  switch (type) {
    case 'string': return node.type === 'string' ? string(node.value) : `expected string; found ${nodeText(node)}`;
    case 'int': case 'time.Duration': {
      const value = node.type === 'number' ? node.number.int : undefined;
      return value === undefined ? `expected integer; found ${nodeText(node)}` : int(value, type);
    }
    default: return `can't handle ${nodeText(node)} for arg of type ${type}`;
  }
}
