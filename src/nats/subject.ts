/** Subjects with wildcards. Source: NATS documentation, subject-based messaging. */

/** Whether every subject of `narrow`, which may have wildcards itself, is one of `wide`. */
export function covers(wide: string, narrow: string): boolean {
  const [of, tokens] = [wide.split('.'), narrow.split('.')];
  for (const [index, token] of tokens.entries()) {
    if (of[index] === '>') return true;
    if (token === '>') return false;
    if (of[index] !== '*' && (of[index] !== token || token === '*')) return false;
  }
  return of.length === tokens.length;
}
