/** The methods of time.Time, time.Duration, time.Month, time.Weekday and *time.Location. Source: Go time. */
import {
  HOUR, MINUTE, absoluteDuration, durationIn, durationText, roundDuration, secondsOf, truncateDuration,
} from './duration.ts';
import { CallError } from './errors.ts';
import { stringerText } from './print.ts';
import { RFC3339_NANO, formatTime, timeGoText } from './time-format.ts';
import type { GoTime, Zone } from './time.ts';
import {
  UTC, ZERO_TIME, addDate, addNanos, civil, difference, isBefore, roundTime, sameInstant, truncateTime, unixNanos,
} from './time.ts';
import type { CallContext, Callable, ParameterType, Value } from './values.ts';
import { INVALID, bool, byteSlice, float, int, string, time } from './values.ts';

type Method<T> = (receiver: T) => Callable;
type Arguments = readonly Value[];

function method<T>(parameters: readonly ParameterType[], run: (receiver: T, args: Arguments, context: CallContext) => Value): Method<T> {
  return (receiver) => ({ parameters, call: (args, context) => run(receiver, args, context) });
}

/** Exists, but Go does not let a template call it. */
function uncallable<T>(results: number): Method<T> {
  return () => ({ parameters: [], results, call: () => INVALID });
}

function timeOf(value: Value | undefined): GoTime {
  return value?.kind === 'time' ? value.value : ZERO_TIME;
}

function integerOf(value: Value | undefined): bigint {
  return value?.kind === 'int' ? value.value : 0n;
}

function zoneOf(value: Value | undefined): Zone {
  if (value?.kind !== 'location') throw new CallError('time: missing Location in call to Time.In');
  return value.value;
}

/** As bytes; Go refuses years that RFC 3339 cannot write. */
function marshal(value: GoTime, method: string): string {
  const { year } = civil(value);
  if (year < 0 || year > 9999) throw new CallError(`Time.${method}: year outside of range [0,9999]`);
  return formatTime(value, RFC3339_NANO);
}

function formatted(value: GoTime, layout: Value | undefined, context: CallContext): Value {
  const text = layout?.kind === 'string' ? layout.value : '';
  // A layout's shortest chunks, one character, become at most nine.
  context.spend(text.length * 9);
  return string(formatTime(value, text));
}

function compare(a: GoTime, b: GoTime): number {
  return isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0;
}

/** The plugin has no time zone of its own: local time is UTC, as it is in a container without zone data. */
const TIME: ReadonlyMap<string, Method<GoTime>> = new Map([
  ['Year', method<GoTime>([], (t) => int(civil(t).year))],
  ['Month', method<GoTime>([], (t) => int(civil(t).month, 'time.Month'))],
  ['Day', method<GoTime>([], (t) => int(civil(t).day))],
  ['Hour', method<GoTime>([], (t) => int(civil(t).hour))],
  ['Minute', method<GoTime>([], (t) => int(civil(t).minute))],
  ['Second', method<GoTime>([], (t) => int(civil(t).second))],
  ['Nanosecond', method<GoTime>([], (t) => int(t.nanos))],
  ['YearDay', method<GoTime>([], (t) => int(civil(t).yearDay))],
  ['Weekday', method<GoTime>([], (t) => int(civil(t).weekday, 'time.Weekday'))],
  ['Unix', method<GoTime>([], (t) => int(t.seconds, 'int64'))],
  ['UnixMilli', method<GoTime>([], (t) => int(BigInt(t.seconds) * 1000n + BigInt(Math.floor(t.nanos / 1e6)), 'int64'))],
  ['UnixMicro', method<GoTime>([], (t) => int(BigInt(t.seconds) * 1_000_000n + BigInt(Math.floor(t.nanos / 1e3)), 'int64'))],
  ['UnixNano', method<GoTime>([], (t) => int(unixNanos(t), 'int64'))],
  ['UTC', method<GoTime>([], (t) => time({ ...t, zone: UTC }))],
  ['Local', method<GoTime>([], (t) => time({ ...t, zone: UTC }))],
  ['In', method<GoTime>(['*time.Location'], (t, [zone]) => time({ ...t, zone: zoneOf(zone) }))],
  ['Location', method<GoTime>([], (t) => ({ kind: 'location', type: '*time.Location', value: t.zone }))],
  ['IsDST', method<GoTime>([], () => bool(false))],
  ['IsZero', method<GoTime>([], (t) => bool(sameInstant(t, ZERO_TIME)))],
  ['After', method<GoTime>(['time.Time'], (t, [other]) => bool(compare(t, timeOf(other)) > 0))],
  ['Before', method<GoTime>(['time.Time'], (t, [other]) => bool(compare(t, timeOf(other)) < 0))],
  ['Equal', method<GoTime>(['time.Time'], (t, [other]) => bool(compare(t, timeOf(other)) === 0))],
  ['Compare', method<GoTime>(['time.Time'], (t, [other]) => int(compare(t, timeOf(other))))],
  ['Add', method<GoTime>(['time.Duration'], (t, [duration]) => time(addNanos(t, integerOf(duration))))],
  ['AddDate', method<GoTime>(['int', 'int', 'int'], (t, [years, months, days]) =>
    time(addDate(t, integerOf(years), integerOf(months), integerOf(days))))],
  ['Sub', method<GoTime>(['time.Time'], (t, [other]) => int(difference(t, timeOf(other)), 'time.Duration'))],
  ['Round', method<GoTime>(['time.Duration'], (t, [unit]) => time(roundTime(t, integerOf(unit))))],
  ['Truncate', method<GoTime>(['time.Duration'], (t, [unit]) => time(truncateTime(t, integerOf(unit))))],
  ['Format', method<GoTime>(['string'], (t, [layout], context) => formatted(t, layout, context))],
  ['String', method<GoTime>([], (t) => string(stringerText(time(t)) ?? ''))],
  ['GoString', method<GoTime>([], (t) => string(timeGoText(t)))],
  ['MarshalJSON', method<GoTime>([], (t) => byteSlice(`"${marshal(t, 'MarshalJSON')}"`))],
  ['MarshalText', method<GoTime>([], (t) => byteSlice(marshal(t, 'MarshalText')))],
  ['Date', uncallable<GoTime>(3)],
  ['Clock', uncallable<GoTime>(3)],
  ['ISOWeek', uncallable<GoTime>(2)],
  ['Zone', uncallable<GoTime>(2)],
  ['ZoneBounds', uncallable<GoTime>(2)],
]);

const DURATION: ReadonlyMap<string, Method<bigint>> = new Map([
  ['Hours', method<bigint>([], (d) => float(durationIn(d, HOUR)))],
  ['Minutes', method<bigint>([], (d) => float(durationIn(d, MINUTE)))],
  ['Seconds', method<bigint>([], (d) => float(secondsOf(d)))],
  ['Milliseconds', method<bigint>([], (d) => int(d / 1_000_000n, 'int64'))],
  ['Microseconds', method<bigint>([], (d) => int(d / 1000n, 'int64'))],
  ['Nanoseconds', method<bigint>([], (d) => int(d, 'int64'))],
  ['Round', method<bigint>(['time.Duration'], (d, [unit]) => int(roundDuration(d, integerOf(unit)), 'time.Duration'))],
  ['Truncate', method<bigint>(['time.Duration'], (d, [unit]) => int(truncateDuration(d, integerOf(unit)), 'time.Duration'))],
  ['Abs', method<bigint>([], (d) => int(absoluteDuration(d), 'time.Duration'))],
  ['String', method<bigint>([], (d) => string(durationText(d)))],
]);

function stringMethod(receiver: Value, name: string): Callable | undefined {
  const text = name === 'String' ? stringerText(receiver) : undefined;
  return text === undefined ? undefined : { parameters: [], call: () => string(text) };
}

/** The method of that name, bound to its receiver. */
export function findMethod(receiver: Value, name: string): Callable | undefined {
  if (receiver.kind === 'info') return receiver.methods.get(name);
  if (receiver.kind === 'time') return TIME.get(name)?.(receiver.value);
  if (receiver.kind === 'int' && receiver.type === 'time.Duration') return DURATION.get(name)?.(receiver.value);
  return stringMethod(receiver, name);
}
