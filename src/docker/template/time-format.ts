/** Layouts by example, `2006-01-02T15:04:05.000Z07:00`. Source: Go time/format.go. */
import { quoteString } from './quote.ts';
import type { Civil, GoTime } from './time.ts';
import { civil } from './time.ts';

export const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
];
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
export const RFC3339_NANO = '2006-01-02T15:04:05.999999999Z07:00';
const STRING_LAYOUT = '2006-01-02 15:04:05.999999999 -0700 MST';

/** Longest first where one begins with another. `_2006` is an underscore and a year. */
const CHUNKS = new RegExp(
  [
    'January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST',
    '0[1-6]|002|15|1|2006|2|_(?=2006)|__2|_2|3|4|5|PM|pm',
    '[-Z]07(?:0000|:00:00|00|:00)?',
    '[.,](?:0+|9+)(?![0-9])',
  ].join('|'),
  'g',
);

function digits(value: number, width: number): string {
  return (value < 0 ? '-' : '') + String(Math.abs(value)).padStart(width, '0');
}

type Writer = (parts: Civil, time: GoTime) => string;

function hour12({ hour }: Civil): number {
  return hour % 12 === 0 ? 12 : hour % 12;
}

const WRITERS = new Map<string, Writer>([
  ['January', ({ month }) => MONTHS[month - 1] ?? ''],
  ['Jan', ({ month }) => (MONTHS[month - 1] ?? '').slice(0, 3)],
  ['1', ({ month }) => digits(month, 0)],
  ['01', ({ month }) => digits(month, 2)],
  ['Monday', ({ weekday }) => WEEKDAYS[weekday] ?? ''],
  ['Mon', ({ weekday }) => (WEEKDAYS[weekday] ?? '').slice(0, 3)],
  ['2', ({ day }) => digits(day, 0)],
  ['_2', ({ day }) => String(day).padStart(2, ' ')],
  ['02', ({ day }) => digits(day, 2)],
  ['__2', ({ yearDay }) => String(yearDay).padStart(3, ' ')],
  ['002', ({ yearDay }) => digits(yearDay, 3)],
  ['15', ({ hour }) => digits(hour, 2)],
  ['3', (parts) => digits(hour12(parts), 0)],
  ['03', (parts) => digits(hour12(parts), 2)],
  ['4', ({ minute }) => digits(minute, 0)],
  ['04', ({ minute }) => digits(minute, 2)],
  ['5', ({ second }) => digits(second, 0)],
  ['05', ({ second }) => digits(second, 2)],
  ['2006', ({ year }) => digits(year, 4)],
  ['06', ({ year }) => digits(Math.abs(year) % 100, 2)],
  ['PM', ({ hour }) => (hour >= 12 ? 'PM' : 'AM')],
  ['pm', ({ hour }) => (hour >= 12 ? 'pm' : 'am')],
  ['MST', (_, { zone }) => zone.name || zoneOffset('-0700', zone.offset)],
  ['_', () => '_'],
]);

function zoneOffset(layout: string, offset: number): string {
  if (layout.startsWith('Z') && offset === 0) return 'Z';
  const minutes = Math.trunc(Math.abs(offset) / 60);
  const colon = layout.includes(':') ? ':' : '';
  const sign = offset <= -60 ? '-' : '+';
  const hours = sign + digits(Math.trunc(minutes / 60), 2);
  if (layout.length === 3) return hours;
  const withSeconds = /07:?00:?00/.test(layout);
  return hours + colon + digits(minutes % 60, 2) + (withSeconds ? colon + digits(Math.abs(offset) % 60, 2) : '');
}

function fraction(layout: string, nanos: number): string {
  const shown = String(nanos).padStart(9, '0').slice(0, layout.length - 1);
  if (layout.charAt(1) === '0') return layout.charAt(0) + shown;
  const trimmed = shown.replace(/0+$/, '');
  return trimmed === '' ? '' : layout.charAt(0) + trimmed;
}

export function formatTime(time: GoTime, layout: string): string {
  const parts = civil(time);
  return layout.replace(CHUNKS, (chunk) => {
    const write = WRITERS.get(chunk);
    if (write !== undefined) return write(parts, time);
    return /^[-Z]/.test(chunk) ? zoneOffset(chunk, time.zone.offset) : fraction(chunk, time.nanos);
  });
}

export function timeText(time: GoTime): string {
  return formatTime(time, STRING_LAYOUT);
}

/** `%#v` */
export function timeGoText(time: GoTime): string {
  const { year, month, day, hour, minute, second } = civil(time);
  const zone = time.zone.name === 'UTC' ? 'time.UTC' : `time.Location(${quoteString(time.zone.name)})`;
  return `time.Date(${year}, time.${MONTHS[month - 1] ?? ''}, ${day}, ${hour}, ${minute}, ${second}, ${time.nanos}, ${zone})`;
}
