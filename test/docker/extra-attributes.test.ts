import test from 'ava';
import { parseEngineInfo } from '../../src/docker/container-info.ts';
import type { AttributeSelection } from '../../src/docker/extra-attributes.ts';
import { chosenLabels, chosenVariables, extraAttributes } from '../../src/docker/extra-attributes.ts';

const NOTHING: AttributeSelection = { labels: '', 'labels-regex': '', env: '', 'env-regex': '' };

const INFO = parseEngineInfo({
  ContainerID: 'a7317399f3f8',
  ContainerLabels: { zone: 'z', 'com.example.team': 'core', empty: '', Tier: 'web', SHARED: 'label' },
  ContainerEnv: ['FOO=bar', 'URL=http://a?b=c', 'EMPTY=', 'NOEQ', 'FOO=last', 'SHARED=env', '=nameless'],
});

const selects = test.macro((t, selection: Partial<AttributeSelection>, expected: [string, string][]) => {
  t.deepEqual([...extraAttributes(INFO, { ...NOTHING, ...selection })], expected);
});

test('nothing is selected by default', selects, {}, []);
test('labels come in the order of the list', selects, { labels: 'zone,com.example.team' }, [['zone', 'z'], ['com.example.team', 'core']]);
test('labels without a value are selected, absent ones are not', selects, { labels: 'empty,absent' }, [['empty', '']]);
test('the list is not trimmed', selects, { labels: ' zone,zone ' }, []);
test('label names are exact', selects, { labels: 'tier,Zone' }, []);
test('a label expression matches anywhere in the key', selects, { 'labels-regex': 'e' },
  [['Tier', 'web'], ['com.example.team', 'core'], ['empty', ''], ['zone', 'z']]);
test('an expression may be anchored', selects, { 'labels-regex': '^com\\.' }, [['com.example.team', 'core']]);
test('expressions are those of RE2', selects, { 'labels-regex': '(?i)^tier\\z' }, [['Tier', 'web']]);
test('listed labels come before matching ones', selects,
  { labels: 'zone', 'labels-regex': '^(Tier|zone)$' }, [['zone', 'z'], ['Tier', 'web']]);
test('a value keeps its equals signs', selects, { env: 'URL' }, [['URL', 'http://a?b=c']]);
test('the last of two variables of one name counts', selects, { env: 'FOO' }, [['FOO', 'last']]);
test('an entry without an equals sign is no variable', selects, { env: 'NOEQ,EMPTY' }, [['EMPTY', '']]);
test('a variable expression matches names, not values', selects,
  { 'env-regex': '^(UR|F)|http' }, [['FOO', 'last'], ['URL', 'http://a?b=c']]);
test('a variable beats the label of the same name and stays in its place', selects, { labels: 'SHARED,zone', env: 'SHARED' },
  [['SHARED', 'env'], ['zone', 'z']]);
test('labels come before variables', selects, { labels: 'zone', env: 'FOO' }, [['zone', 'z'], ['FOO', 'last']]);
test('an empty name in a list selects what has no name', selects,
  { env: 'FOO,,URL' }, [['FOO', 'last'], ['', 'nameless'], ['URL', 'http://a?b=c']]);

test('names that mean something to JavaScript are selected only if present', (t) => {
  const selection = { ...NOTHING, labels: '__proto__,constructor', env: 'toString', 'env-regex': 'proto' };
  t.is(extraAttributes(INFO, selection).size, 0);
  const info = parseEngineInfo(JSON.parse('{"ContainerID":"a","ContainerLabels":{"__proto__":"p"},"ContainerEnv":["toString=s"]}'));
  t.deepEqual([...extraAttributes(info, selection)], [['__proto__', 'p'], ['toString', 's']]);
});

const refuses = test.macro((t, selection: Partial<AttributeSelection>, message: RegExp) => {
  t.throws(() => extraAttributes(INFO, { ...NOTHING, ...selection }), { message });
});

const NOT_RE2 = /^expected a regular expression \(RE2\), got "/;

test('an expression that is none is refused with its text and the reason', refuses, { 'labels-regex': '(' },
  /^expected a regular expression \(RE2\), got "\(": .*missing closing/);
test('look-around is refused', refuses, { 'env-regex': 'a(?=b)' }, NOT_RE2);
test('back-references are refused', refuses, { 'env-regex': '(a)\\1' }, NOT_RE2);
test('repetitions of repetitions are refused when they grow too large', refuses, { 'labels-regex': '((a{1000}){1000}){1000}' }, NOT_RE2);

test('labels and variables can be chosen apart, so that each expression can be blamed by itself', (t) => {
  const selection = { labels: 'zone', 'labels-regex': '(', env: 'FOO', 'env-regex': '^URL$' };
  t.deepEqual([...chosenVariables(INFO, selection)], [['FOO', 'last'], ['URL', 'http://a?b=c']]);
  t.throws(() => chosenLabels(INFO, selection), { message: NOT_RE2 });
  t.deepEqual([...chosenLabels(INFO, { ...selection, 'labels-regex': '' })], [['zone', 'z']]);
});

test('A4: an expression that makes other engines hang takes no time', (t) => {
  const info = parseEngineInfo({ ContainerID: 'a', ContainerLabels: { [`${'a'.repeat(5000)}!`]: 'v' } });
  t.is(extraAttributes(info, { ...NOTHING, 'labels-regex': '^(a+)+$' }).size, 0);
});
