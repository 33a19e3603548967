/** Go's time.Time: an instant and the zone that it is shown in. Source: Go time/time.go. */
import { CallError } from './errors.ts';

export interface Zone {
  /** Empty for a bare offset. */
  readonly name: string;
  /** Seconds east of UTC. */
  readonly offset: number;
}

export interface GoTime {
  /** Since 1970, floored. */
  readonly seconds: number;
  /** 0 to 999 999 999. */
  readonly nanos: number;
  readonly zone: Zone;
}

export interface Civil {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 1 to 366. */
  readonly yearDay: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

export const UTC: Zone = { name: 'UTC', offset: 0 };
/** Seconds from 0001-01-01, where Go's zero time stands, to 1970-01-01. */
export const UNIX_TO_YEAR_ONE = 62_135_596_800;
export const ZERO_TIME: GoTime = { seconds: -UNIX_TO_YEAR_ONE, nanos: 0, zone: UTC };

const DAY = 86_400;
/** Days of 400 Gregorian years. */
const ERA_DAYS = 146_097;
/** From 0000-03-01 to 1970-01-01. */
const EPOCH_DAYS = 719_468;
const MAX_YEAR = 10_000_000;
const NANOS_PER_SECOND = 1_000_000_000n;
const MAX_DURATION = 2n ** 63n - 1n;
const MIN_DURATION = -(2n ** 63n);

function modulo(value: number, by: number): number {
  return value - Math.floor(value / by) * by;
}

/** Days since 1970-01-01. Month and day may lie outside their ranges, as in Go's time.Date. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = year + Math.floor((month - 1) / 12);
  const fromMarch = modulo(month - 3, 12);
  const marchYear = shifted - (fromMarch >= 10 ? 1 : 0);
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * fromMarch + 2) / 5) + day - 1;
  return era * ERA_DAYS + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - EPOCH_DAYS;
}

function dateOfDays(days: number): { year: number; month: number; day: number } {
  const fromMarch = days + EPOCH_DAYS;
  const era = Math.floor(fromMarch / ERA_DAYS);
  const dayOfEra = fromMarch - era * ERA_DAYS;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 };
}

export function civil(time: GoTime): Civil {
  const local = time.seconds + time.zone.offset;
  const days = Math.floor(local / DAY);
  const ofDay = local - days * DAY;
  const date = dateOfDays(days);
  return {
    ...date,
    hour: Math.floor(ofDay / 3600),
    minute: Math.floor((ofDay % 3600) / 60),
    second: ofDay % 60,
    yearDay: days - daysFromCivil(date.year, 1, 1) + 1,
    weekday: modulo(days + 4, 7),
  };
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

function daysInMonth(year: number, month: number): number {
  return daysFromCivil(year, month + 1, 1) - daysFromCivil(year, month, 1);
}

/** Reads RFC 3339 with any fraction, of which nine digits count; undefined when the text is no such time. */
export function parseRfc3339(text: string): GoTime | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const [, , , , , , , fraction = '', sign, zoneHour = '0', zoneMinute = '0'] = match;
  const inRange = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month) && hour < 24 && minute < 60 && second < 60;
  if (!inRange || Number(zoneHour) > 24 || Number(zoneMinute) > 60) return undefined;
  const offset = (Number(zoneHour) * 3600 + Number(zoneMinute) * 60) * (sign === '-' ? -1 : 1);
  const seconds = daysFromCivil(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
  return { seconds, nanos: Number(fraction.slice(0, 9).padEnd(9, '0')), zone: offset === 0 ? UTC : { name: '', offset } };
}

function checked(time: GoTime): GoTime {
  if (Math.abs(time.seconds) > MAX_YEAR * 366 * DAY) throw new CallError('time out of range');
  return time;
}

/** Nanoseconds since 1970. */
function totalNanos(time: GoTime): bigint {
  return BigInt(time.seconds) * NANOS_PER_SECOND + BigInt(time.nanos);
}

export function unixNanos(time: GoTime): bigint {
  return BigInt.asIntN(64, totalNanos(time));
}

export function addNanos(time: GoTime, duration: bigint): GoTime {
  const total = totalNanos(time) + duration;
  const nanos = ((total % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND;
  return checked({ seconds: Number((total - nanos) / NANOS_PER_SECOND), nanos: Number(nanos), zone: time.zone });
}

export function addDate(time: GoTime, years: bigint, months: bigint, days: bigint): GoTime {
  const bound = BigInt(MAX_YEAR);
  if ([years, months, days].some((part) => part > bound || part < -bound)) throw new CallError('time out of range');
  const { year, month, day, hour, minute, second } = civil(time);
  const date = daysFromCivil(year + Number(years), month + Number(months), day + Number(days));
  return checked({ ...time, seconds: date * DAY + hour * 3600 + minute * 60 + second - time.zone.offset });
}

/** Saturates where Go's Duration ends, at about 292 years. */
export function difference(a: GoTime, b: GoTime): bigint {
  const nanos = totalNanos(a) - totalNanos(b);
  return nanos > MAX_DURATION ? MAX_DURATION : nanos < MIN_DURATION ? MIN_DURATION : nanos;
}

/** Whatever is left of the time, counted from the year 1, after taking out whole units. */
function remainder(time: GoTime, unit: bigint): bigint {
  const sinceYearOne = totalNanos(time) + BigInt(UNIX_TO_YEAR_ONE) * NANOS_PER_SECOND;
  return ((sinceYearOne % unit) + unit) % unit;
}

export function truncateTime(time: GoTime, unit: bigint): GoTime {
  return unit <= 0n ? time : addNanos(time, -remainder(time, unit));
}

export function roundTime(time: GoTime, unit: bigint): GoTime {
  if (unit <= 0n) return time;
  const rest = remainder(time, unit);
  return addNanos(time, rest + rest < unit ? -rest : unit - rest);
}

export function sameInstant(a: GoTime, b: GoTime): boolean {
  return a.seconds === b.seconds && a.nanos === b.nanos;
}

export function isBefore(a: GoTime, b: GoTime): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanos < b.nanos);
}
