/** Globs over whole texts: `*` stands for any number of characters, `?` for one. All others, `/` and `.` too, stand for themselves. */

/** Whether the text is as the pattern says. Time grows with the product of the lengths at most. */
export function matchesGlob(pattern: string, text: string): boolean {
  let [at, next] = [0, 0];
  // The last star, and the text's index behind what it stands for so far.
  let [star, behind] = [-1, 0];
  while (next < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      behind = next;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[next])) {
      at++;
      next++;
    } else if (star >= 0) {
      at = star + 1;
      next = ++behind;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** One of several is enough. */
export function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, text));
}
