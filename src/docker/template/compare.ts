/** eq ne lt le gt ge: only like with like, or integers of either sign. Source: Go text/template/funcs.go. */
import { CallError } from './errors.ts';
import { sameInstant } from './time.ts';
import type { Value } from './values.ts';
import { typeName } from './values.ts';

const BAD_TYPE = 'invalid type for comparison';
const INCOMPATIBLE = 'incompatible types for comparison';

type Basic = 'bool' | 'integer' | 'float' | 'complex' | 'string';

function basicKind(value: Value): Basic | undefined {
  switch (value.kind) {
    case 'int': case 'uint': return 'integer';
    case 'bool': case 'float': case 'complex': case 'string': return value.kind;
    default: return undefined;
  }
}

function isPointer(value: Value): boolean {
  return value.kind === 'location' || value.kind === 'info';
}

/** Values without a basic kind: only times, pointers and nil can be told apart at all. */
function equalObjects(a: Value, b: Value): boolean {
  if (a.kind === 'invalid' || b.kind === 'invalid') return a.kind === b.kind;
  const pointers = isPointer(a) && isPointer(b);
  if (a.kind !== b.kind && !pointers) throw new CallError(`non-comparable types ${typeName(a)}, ${typeName(b)}`);
  if (b.kind === 'slice' || b.kind === 'map') throw new CallError(`non-comparable type ${typeName(b)}`);
  if (a.kind === 'time' && b.kind === 'time') return sameInstant(a.value, b.value) && a.value.zone === b.value.zone;
  if (a.kind === 'location' && b.kind === 'location') return a.value === b.value;
  return a.kind === 'info' && b.kind === 'info';
}

function equals(a: Value, b: Value): boolean {
  const kind = basicKind(a);
  if (kind !== basicKind(b)) {
    if (a.kind !== 'invalid' && b.kind !== 'invalid') throw new CallError(INCOMPATIBLE);
    return false;
  }
  if (kind === undefined) return equalObjects(a, b);
  if (a.kind === 'complex' && b.kind === 'complex') return a.re === b.re && a.im === b.im;
  return 'value' in a && 'value' in b && a.value === b.value;
}

/** Whether the first equals any of the others. */
export function equalsAny(first: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new CallError('missing argument for comparison');
  return others.some((other) => equals(first, other));
}

export function isLess(a: Value, b: Value): boolean {
  const kind = basicKind(a);
  const other = basicKind(b);
  if (kind === undefined || other === undefined) throw new CallError(BAD_TYPE);
  if (kind !== other) throw new CallError(INCOMPATIBLE);
  if (kind === 'bool' || kind === 'complex') throw new CallError(BAD_TYPE);
  return 'value' in a && 'value' in b && a.value < b.value;
}

export function isLessOrEqual(a: Value, b: Value): boolean {
  return isLess(a, b) || equalsAny(a, [b]);
}
