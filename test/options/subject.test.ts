import test from 'ava';
import fc from 'fast-check';
import { validatePattern, validateSubject } from '../../src/options/subject.ts';

const legal = ['docker.logs', 'a7317399f3f8', 'docker.a7317399f3f8.registry.io/a/b:1.2', 'INBOX', 'a$b', '日志.web', 'x'.repeat(255)];

for (const subject of legal) {
  test(`"${subject.slice(0, 40)}" is a legal subject`, (t) => t.is(validateSubject(subject), undefined));
}

const illegal: readonly [string, string][] = [
  ['', 'is empty'],
  ['docker run', 'holds a blank or a control character'],
  ['a\r\nPUB b 0', 'holds a blank or a control character'],
  ['a\tb', 'holds a blank or a control character'],
  ['a\0b', 'holds a blank or a control character'],
  ['a\u00a0b', 'holds a blank or a control character'],
  ['a\ud800b', 'holds a blank or a control character'],
  ['logs.*', 'holds a wildcard (* or >)'],
  ['logs.>', 'holds a wildcard (* or >)'],
  ['a>b', 'holds a wildcard (* or >)'],
  ['.a', 'holds an empty token (a dot too many)'],
  ['a.', 'holds an empty token (a dot too many)'],
  ['a..b', 'holds an empty token (a dot too many)'],
  ['$SYS.REQ', 'starts with $, which belongs to the server'],
  ['$JS.API', 'starts with $, which belongs to the server'],
  ['_INBOX.x', 'starts with _INBOX, which belongs to replies'],
  ['x'.repeat(256), 'is longer than 255 bytes'],
  ['日'.repeat(86), 'is longer than 255 bytes'],
];

for (const [subject, fault] of illegal) {
  test(`the subject ${JSON.stringify(subject.slice(0, 40))} ${fault}`, (t) => t.is(validateSubject(subject), fault));
}

test('A5: what is taken for a subject always matches one strict expression', (t) => {
  const strict = /^(?!\$|_INBOX)[^\s\p{Cc}*>.]+(\.[^\s\p{Cc}*>.]+)*$/u;
  const near = fc.string({ unit: fc.constantFrom('a', 'B', '.', '*', '>', ' ', '$', '_', 'INBOX', '\0', '\n', '/', ':', '日', '\ud800') });
  fc.assert(fc.property(fc.oneof(near, fc.string({ unit: 'binary' })), (subject) => {
    if (validateSubject(subject) === undefined) t.regex(subject, strict);
  }), { numRuns: 2000 });
});

test('what can be subscribed to may have wildcards, each a token of its own', (t) => {
  for (const subject of ['logs.web', 'logs.*', '*.web', 'logs.>', '>', '*', 'logs.*.>']) t.is(validatePattern(subject), undefined, subject);
  const faults = { 'logs.>.x': /> that is not its last/, 'logs.w>': /> that is not its last/, 'logs.w*': /\* that is not a token/, '': /empty/, 'a b': /blank/, 'a..*': /empty token/, '$SYS.>': /belongs to the server/ };
  for (const [subject, fault] of Object.entries(faults)) t.regex(validatePattern(subject) ?? '', fault, subject);
});
