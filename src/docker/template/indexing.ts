/** index, slice, len: strings count in bytes. Source: Go text/template/funcs.go. */
import { CallError } from './errors.ts';
import type { SliceValue, StringValue, Value } from './values.ts';
import { string, typeName, uint } from './values.ts';

function position(index: Value, limit: number): number {
  if (index.kind === 'invalid') throw new CallError('cannot index slice/array with nil');
  if (index.kind !== 'int' && index.kind !== 'uint') throw new CallError(`cannot index slice/array with type ${index.type}`);
  if (index.value < 0n || index.value > BigInt(limit)) throw new CallError(`index out of range: ${index.value}`);
  return Number(index.value);
}

/** What a pointer points to. */
function elementType(item: Value): string {
  return typeName(item.kind === 'info' ? { ...item, type: 'logger.Info' } : item);
}

function element(item: Value, index: Value): Value {
  switch (item.kind) {
    case 'string': {
      const at = position(index, item.value.length);
      if (at === item.value.length) throw new CallError('reflect: string index out of range');
      return uint(item.value.charCodeAt(at));
    }
    case 'slice': {
      const found = item.items[item.start + position(index, item.length)];
      if (found === undefined || position(index, item.length) === item.length) throw new CallError('reflect: slice index out of range');
      return found;
    }
    case 'map':
      if (index.kind === 'invalid') throw new CallError('value is nil; should be of type string');
      if (index.kind !== 'string') throw new CallError(`value has type ${index.type}; should be string`);
      return item.entries.get(index.value) ?? string('');
    default: throw new CallError(`can't index item of type ${elementType(item)}`);
  }
}

/** `index x 1 2` is x[1][2]. A missing map key gives the empty string. */
export function indexValue(item: Value, indexes: readonly Value[]): Value {
  if (item.kind === 'invalid') throw new CallError('index of untyped nil');
  return indexes.reduce(element, item);
}

/** Bounds may reach beyond the slice's length, up to its capacity. */
export function sliceValue(item: Value, indexes: readonly Value[]): Value {
  if (item.kind === 'invalid') throw new CallError('slice of untyped nil');
  if (indexes.length > 3) throw new CallError(`too many slice indexes: ${indexes.length}`);
  if (item.kind !== 'string' && item.kind !== 'slice') throw new CallError(`can't slice item of type ${item.type}`);
  if (item.kind === 'string' && indexes.length === 3) throw new CallError('cannot 3-index slice a string');
  const { length, capacity } = item.kind === 'string' ? { length: item.value.length, capacity: item.value.length } : item;
  const bounds = indexes.map((index) => position(index, capacity));
  const [from = 0, to = length, limit = capacity] = bounds;
  if (from > to) throw new CallError(`invalid slice index: ${from} > ${to}`);
  if (to > limit) throw new CallError(`invalid slice index: ${to} > ${limit}`);
  return cutOut(item, from, to, limit);
}

function cutOut(item: StringValue | SliceValue, from: number, to: number, limit: number): Value {
  if (item.kind === 'string') return string(item.value.slice(from, to));
  return { ...item, start: item.start + from, length: to - from, capacity: limit - from };
}

export function lengthOf(item: Value): number {
  switch (item.kind) {
    case 'string': return item.value.length;
    case 'slice': return item.length;
    case 'map': return item.entries.size;
    case 'invalid': throw new CallError('len of untyped nil');
    default: throw new CallError(`len of type ${elementType(item)}`);
  }
}
