/** Text of others on a terminal: it may show something, and do nothing. */

/** Colours and other attributes of characters, which programs write as if they had a terminal. */
const ATTRIBUTES = /\u001b\[[\d;:]*m/g;
/** Control characters but for the tab, line separators, marks of direction and what is not visible. */
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Control characters become visible; colours are left out. */
export function printable(text: string): string {
  return text.replace(ATTRIBUTES, '').replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0);
    // Unicode has a picture for each of the first 32.
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}

/** At most `width` characters, the last of them … if some are left out. */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** About three digits: `1.5 MiB`; binary, as sizes in options are. */
export function showBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** 12500 → `12,500` */
export function showCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** The two largest units: `3h 12m`. */
export function showSeconds(seconds: number): string {
  if (seconds > 0 && seconds < 1) return `${Math.round(seconds * 1000)}ms`;
  const whole = Math.round(seconds);
  const parts = [[Math.floor(whole / 86_400), 'd'], [Math.floor(whole / 3600) % 24, 'h'], [Math.floor(whole / 60) % 60, 'm'], [whole % 60, 's']] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0s';
  return parts.slice(first, first + 2).filter(([value]) => value > 0).map(([value, unit]) => `${value}${unit}`).join(' ');
}
