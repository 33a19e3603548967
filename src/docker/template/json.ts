/** The `json` function: Go's encoding/json without HTML escaping. Source: moby daemon/logger/templates, Go 1.22 encoding/json. */
import { RUNE_ERROR, isAscii, runesOf, toBytes } from './bytes.ts';
import { RFC3339_NANO, formatTime } from './time-format.ts';
import { civil } from './time.ts';
import type { CallContext, InfoValue, MapValue, Value } from './values.ts';
import { bytesOf, itemsOf } from './values.ts';

/** Go gives nothing at all for what it cannot encode, and the engine ignores the error. */
class Unencodable extends Error {}

const SEPARATORS = new Map([['\u2028', '\\u2028'], ['\u2029', '\\u2029']]);

/** JSON.stringify escapes as Go does, but for the two separators and for invalid bytes, each of which is spelled out. */
function encodeString(bytes: string): string {
  if (isAscii(bytes)) return JSON.stringify(bytes);
  let out = '';
  for (const { code, size } of runesOf(bytes)) {
    const char = String.fromCodePoint(code);
    out += code === RUNE_ERROR && size === 1 ? '\\ufffd' : (SEPARATORS.get(char) ?? JSON.stringify(char).slice(1, -1));
  }
  return `"${out}"`;
}

function encodeMap({ entries }: MapValue): string {
  return `{${Array.from(entries, ([key, value]) => `${encodeString(key)}:${encodeString(value.value)}`).join(',')}}`;
}

function encodeInfo({ fields }: InfoValue): string {
  return `{${Array.from(fields, ([name, field]) => `${encodeString(name)}:${encode(field())}`).join(',')}}`;
}

/** JavaScript text, not bytes. */
function encode(value: Value): string {
  switch (value.kind) {
    case 'invalid': return 'null';
    case 'bool': case 'int': case 'uint': return String(value.value);
    case 'float': return Object.is(value.value, -0) ? '-0' : String(value.value);
    case 'complex': throw new Unencodable();
    case 'string': return encodeString(value.value);
    case 'slice':
      if (value.type === '[]uint8') return `"${Buffer.from(bytesOf(value), 'latin1').toString('base64')}"`;
      return `[${itemsOf(value).map(encode).join(',')}]`;
    case 'map': return encodeMap(value);
    case 'time': {
      const { year } = civil(value.value);
      if (year < 0 || year > 9999) throw new Unencodable();
      return `"${formatTime(value.value, RFC3339_NANO)}"`;
    }
    case 'location': return '{}';
    case 'info': return encodeInfo(value);
  }
}

/** As bytes. */
export function toJson(value: Value, context: CallContext): string {
  try {
    const text = toBytes(encode(value));
    context.spend(text.length);
    return text;
  } catch (error) {
    if (error instanceof Unencodable) return '';
    throw error;
  }
}
