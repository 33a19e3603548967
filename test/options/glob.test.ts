import test from 'ava';
import fc from 'fast-check';
import { matchesAny, matchesGlob } from '../../src/options/glob.ts';

const cases: readonly (readonly [pattern: string, text: string, isMatch: boolean])[] = [
  ['web', 'web', true], ['web', 'Web', false], ['web', 'web-1', false], ['web', 'my-web', false],
  ['', '', true], ['', 'x', false], ['*', '', true], ['*', 'any/thing:1.0', true], ['**', 'x', true],
  ['shop-*', 'shop-web-1', true], ['shop-*', 'shop-', true], ['shop-*', 'shop', false],
  ['*-1', 'shop-web-1', true], ['*-1', 'shop-web-10', false], ['*web*', 'shop-web-1', true],
  ['w?b', 'web', true], ['w?b', 'wb', false], ['?', '', false], ['a*b*c', 'aXbYbZc', true], ['a*b*c', 'aXcYb', false],
  ['registry.example.com/*:1.?', 'registry.example.com/team/app:1.2', true],
  ['a.b', 'axb', false], ['[ab]', 'a', false], ['[ab]', '[ab]', true], ['ü?', 'üö', true],
];

for (const [pattern, text, isMatch] of cases) {
  test(`"${pattern}" ${isMatch ? 'matches' : 'does not match'} "${text}"`, (t) => t.is(matchesGlob(pattern, text), isMatch));
}

test('one of several globs is enough, none is not', (t) => {
  t.true(matchesAny(['x', 'w*'], 'web'));
  t.false(matchesAny([], 'web'));
});

test('a glob says the same as the regular expression that it stands for', (t) => {
  const letters = fc.stringMatching(/^[ab*?]{0,8}$/);
  fc.assert(fc.property(letters, fc.stringMatching(/^[ab]{0,8}$/), (pattern, text) => {
    const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
    return matchesGlob(pattern, text) === expression.test(text);
  }), { numRuns: 2000 });
  t.pass();
});

test('a glob of nothing but stars costs no more than the product of the lengths', (t) => {
  t.false(matchesGlob(`${'*a'.repeat(500)}b`, 'a'.repeat(5000)));
});
