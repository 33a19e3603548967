/** html, js, urlquery. Source: Go text/template/funcs.go, net/url/url.go. */
import { decodeRune } from './bytes.ts';
import { isPrintable } from './unicode.ts';

const HTML = new Map([['\0', '\xef\xbf\xbd'], ['"', '&#34;'], ["'", '&#39;'], ['&', '&amp;'], ['<', '&lt;'], ['>', '&gt;']]);

export function escapeHtml(bytes: string): string {
  return bytes.replace(/[\0"'&<>]/g, (char) => HTML.get(char) ?? char);
}

function hexCode(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0');
}

const JS_QUOTED = '\\\'"';
const JS_SPECIAL = /[\\'"<>&=\x00-\x1f\x80-\xff]/;

export function escapeJs(bytes: string): string {
  if (!JS_SPECIAL.test(bytes)) return bytes;
  let out = '';
  for (let at = 0; at < bytes.length; ) {
    const { code, size } = decodeRune(bytes, at);
    const char = bytes.slice(at, at + size);
    if (!JS_SPECIAL.test(char)) out += char;
    else if (JS_QUOTED.includes(char)) out += `\\${char}`;
    else out += code >= 0x80 && isPrintable(code) ? char : `\\u${hexCode(code)}`;
    at += size;
  }
  return out;
}

export function escapeQuery(bytes: string): string {
  return bytes.replace(/[^A-Za-z0-9_.~-]/g, (char) =>
    char === ' ' ? '+' : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
