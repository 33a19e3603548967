/**
 * The values that a template can meet, each with its Go type: Go decides by type what may be compared, printed, indexed
 * or passed on. Every string in here is a byte string. An `invalid` value is Go's untyped nil and its missing map entry.
 */
import type { GoTime, Zone } from './time.ts';

export type IntType = 'int' | 'int64' | 'time.Duration' | 'time.Month' | 'time.Weekday';
export type UintType = 'uint8' | 'uint64';

export interface InvalidValue { readonly kind: 'invalid' }
export interface BoolValue { readonly kind: 'bool'; readonly type: 'bool'; readonly value: boolean }
export interface IntValue { readonly kind: 'int'; readonly type: IntType; readonly value: bigint }
export interface UintValue { readonly kind: 'uint'; readonly type: UintType; readonly value: bigint }
export interface FloatValue { readonly kind: 'float'; readonly type: 'float64'; readonly value: number }
export interface ComplexValue { readonly kind: 'complex'; readonly type: 'complex128'; readonly re: number; readonly im: number }
export interface StringValue { readonly kind: 'string'; readonly type: 'string'; readonly value: string }
/** A window into `items`, which several slices may share. */
export interface SliceValue {
  readonly kind: 'slice';
  readonly type: '[]string' | '[]uint8';
  readonly items: readonly Value[];
  readonly start: number;
  readonly length: number;
  readonly capacity: number;
}
/** Keys in Go's printing order, which is that of their bytes. */
export interface MapValue {
  readonly kind: 'map';
  readonly type: 'map[string]string';
  readonly entries: ReadonlyMap<string, StringValue>;
}
export interface TimeValue { readonly kind: 'time'; readonly type: 'time.Time'; readonly value: GoTime }
export interface LocationValue { readonly kind: 'location'; readonly type: '*time.Location'; readonly value: Zone }
export interface InfoValue {
  readonly kind: 'info';
  readonly type: '*logger.Info' | 'logger.Info';
  /** In the order of Go's declaration. Lazy, because a time that cannot be read only matters to those who ask for it. */
  readonly fields: ReadonlyMap<string, () => Value>;
  readonly methods: ReadonlyMap<string, Callable>;
}

export type TypedValue =
  | BoolValue | IntValue | UintValue | FloatValue | ComplexValue | StringValue | SliceValue | MapValue | TimeValue | LocationValue
  | InfoValue;
export type Value = InvalidValue | TypedValue;

export type ParameterType =
  | 'interface {}' | 'reflect.Value' | 'string' | 'int' | 'time.Duration' | '[]string' | 'func(string) string' | 'time.Time'
  | '*time.Location';

/** What a function is given besides its arguments. */
export interface CallContext {
  /** Charge before doing work or making text of that size. */
  spend(units: number): void;
}

/** A function or a method bound to its receiver. */
export interface Callable {
  readonly parameters: readonly ParameterType[];
  /** The last parameter repeats, any number of times. */
  readonly variadic?: boolean;
  /** Go calls only functions with one result (and an error); those with more can be named but not called. */
  readonly results?: number;
  /** The arguments fit the parameters in number and type. Throws CallError. */
  call(args: readonly Value[], context: CallContext): Value;
}

export const INVALID: InvalidValue = { kind: 'invalid' };

export function bool(value: boolean): BoolValue {
  return { kind: 'bool', type: 'bool', value };
}

export function int(value: number | bigint, type: IntType = 'int'): IntValue {
  return { kind: 'int', type, value: BigInt.asIntN(64, BigInt(value)) };
}

export function uint(value: number | bigint, type: UintType = 'uint8'): UintValue {
  return { kind: 'uint', type, value: BigInt(value) };
}

export function float(value: number): FloatValue {
  return { kind: 'float', type: 'float64', value };
}

export function string(value: string): StringValue {
  return { kind: 'string', type: 'string', value };
}

export function strings(values: readonly string[]): SliceValue {
  return { kind: 'slice', type: '[]string', items: values.map(string), start: 0, length: values.length, capacity: values.length };
}

export function byteSlice(bytes: string): SliceValue {
  const items = Array.from(bytes, (byte) => uint(byte.charCodeAt(0)));
  return { kind: 'slice', type: '[]uint8', items, start: 0, length: items.length, capacity: items.length };
}

export function stringMap(entries: Iterable<readonly [string, string]>): MapValue {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return { kind: 'map', type: 'map[string]string', entries: new Map(sorted.map(([key, value]) => [key, string(value)])) };
}

export function time(value: GoTime): TimeValue {
  return { kind: 'time', type: 'time.Time', value };
}

export function itemsOf(slice: SliceValue): readonly Value[] {
  return slice.items.slice(slice.start, slice.start + slice.length);
}

/** The bytes of a []uint8, the text of a string. */
export function bytesOf(slice: SliceValue): string {
  return itemsOf(slice).map((item) => (item.kind === 'uint' ? String.fromCharCode(Number(item.value)) : '')).join('');
}

export function typeName(value: Value): string {
  return value.kind === 'invalid' ? 'nil' : value.type;
}

/** Go: false, 0, nil and whatever is empty are false; everything else is true. */
export function isTrue(value: Value): boolean {
  switch (value.kind) {
    case 'invalid': return false;
    case 'bool': return value.value;
    case 'int': case 'uint': return value.value !== 0n;
    case 'float': return value.value !== 0;
    case 'complex': return value.re !== 0 || value.im !== 0;
    case 'string': return value.value !== '';
    case 'slice': return value.length > 0;
    case 'map': return value.entries.size > 0;
    case 'time': case 'location': case 'info': return true;
  }
}
