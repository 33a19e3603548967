/** Go's time.Duration, nanoseconds in an int64. Source: Go time/time.go. */

const SECOND = 1_000_000_000n;
export const MINUTE = 60n * SECOND;
export const HOUR = 60n * MINUTE;
const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

function decimal(value: bigint, unit: bigint): string {
  const rest = value % unit;
  const digits = String(unit).length - 1;
  const fraction = String(rest).padStart(digits, '0').replace(/0+$/, '');
  return String(value / unit) + (fraction === '' ? '' : `.${fraction}`);
}

/** `1h2m3.5s`; below a second the largest unit that leaves a whole part. UTF-8 bytes, because of the µ. */
export function durationText(duration: bigint): string {
  if (duration === 0n) return '0s';
  const sign = duration < 0n ? '-' : '';
  const size = duration < 0n ? -duration : duration;
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 1000n)}\xc2\xb5s`;
  if (size < SECOND) return `${sign}${decimal(size, 1_000_000n)}ms`;
  const hours = size / HOUR;
  const minutes = (size % HOUR) / MINUTE;
  const larger = (hours > 0n ? `${hours}h` : '') + (size >= MINUTE ? `${minutes}m` : '');
  return `${sign}${larger}${decimal(size % MINUTE, SECOND)}s`;
}

/** Hours, minutes or seconds as a float: whole units and the rest are converted apart, as Go does. */
export function durationIn(duration: bigint, unit: bigint): number {
  return Number(duration / unit) + Number(duration % unit) / Number(unit);
}

export function secondsOf(duration: bigint): number {
  return durationIn(duration, SECOND);
}

export function truncateDuration(duration: bigint, unit: bigint): bigint {
  return unit <= 0n ? duration : duration - (duration % unit);
}

/** Halves go away from zero; saturates where int64 ends. */
export function roundDuration(duration: bigint, unit: bigint): bigint {
  if (unit <= 0n) return duration;
  const rest = duration % unit;
  const size = rest < 0n ? -rest : rest;
  const towardsZero = duration - rest;
  if (size + size < unit) return towardsZero;
  const rounded = duration < 0n ? towardsZero - unit : towardsZero + unit;
  return rounded > MAX ? MAX : rounded < MIN ? MIN : rounded;
}

export function absoluteDuration(duration: bigint): bigint {
  if (duration === MIN) return MAX;
  return duration < 0n ? -duration : duration;
}
