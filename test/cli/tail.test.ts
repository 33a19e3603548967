import test from 'ava';
import { LineJoiner } from '../../src/cli/line-joiner.ts';
import type { LogMessage } from '../../src/cli/log-message.ts';
import { printable, showBytes, showSeconds, shorten } from '../../src/cli/printable.ts';
import { SequenceWatch } from '../../src/cli/sequence-watch.ts';
import { align, fit } from '../../src/cli/table.ts';
import { wildcardOf } from '../../src/cli/tail.ts';

test('a subject for all containers is made of the template of one', (t) => {
  t.is(wildcardOf('docker.logs'), 'docker.logs');
  t.is(wildcardOf('logs.{{.Name}}'), 'logs.>');
  t.is(wildcardOf('logs.{{.Name}}.out'), 'logs.>');
  t.is(wildcardOf('logs.host-{{.Hostname}}'), 'logs.>');
  t.is(wildcardOf('a.b.{{index .ContainerLabels "x.y"}}'), 'a.b.>');
  t.is(wildcardOf('{{.ID}}'), '>');
  t.is(wildcardOf('app-{{.ID}}'), '>');
});

test('a hole in the numbers of a session is found once, and its beginning may be any', (t) => {
  const watch = new SequenceWatch();
  t.is(watch.note('a', 7), undefined);
  t.is(watch.note('a', 8), undefined);
  t.is(watch.note('b', 1), undefined);
  t.deepEqual(watch.note('a', 12), { from: 9, to: 11 });
  t.is(watch.note('a', 10), undefined, 'one that comes late');
  t.is(watch.note('a', 13), undefined);
});

test('only so many sessions are remembered: the one that was silent for longest is forgotten', (t) => {
  const watch = new SequenceWatch(2);
  watch.note('a', 1);
  watch.note('b', 1);
  watch.note('a', 2);
  watch.note('c', 1);
  t.deepEqual(watch.note('a', 4), { from: 3, to: 3 });
  t.is(watch.note('b', 9), undefined);
});

function piece(id: string, text: string, isLast: boolean): LogMessage {
  return { container_id: 'c', container_name: 'c', hostname: 'h', time: 't', source: 'stdout', text, partial_id: id, partial_last: isLast };
}

test('pieces that do not end are shown when there is no more room for them', (t) => {
  const joiner = new LineJoiner(10);
  t.deepEqual(joiner.add(piece('p', '12345678', false)), []);
  t.deepEqual(joiner.add(piece('q', '1234', false)).map(({ text, isCut }) => [text, isCut]), [['12345678', true]]);
  t.deepEqual(joiner.add(piece('q', '5', true)).map(({ text, isCut }) => [text, isCut]), [['12345', false]]);
  t.deepEqual(joiner.end(), []);
});

test('control characters show and do nothing; colours are left out, tabs stay', (t) => {
  t.is(printable('a\tb'), 'a\tb');
  t.is(printable('\u001b[1;31mred\u001b[m'), 'red');
  t.is(printable('\u001b[2J\u0007\u007f\u009b'), '␛[2J␇␡�');
  t.is(printable('\r\u202e'), '␍�');
});

test('sizes, times and texts are short', (t) => {
  t.deepEqual([0, 1023, 1024, 12_345, 1_048_570, 1_610_612_736].map(showBytes), ['0 B', '1023 B', '1.0 KiB', '12.1 KiB', '1.0 MiB', '1.5 GiB']);
  t.deepEqual([0, 0.25, 59, 3600, 3725, 90_000].map(showSeconds), ['0s', '250ms', '59s', '1h', '1h 2m', '1d 1h']);
  t.is(shorten('container', 6), 'conta…');
});

test('a table fits into the width: its flexible columns are shortened, the widest first', (t) => {
  const rows = [['NAME', 'STATE', 'SUBJECT'], ['a-very-long-container-name', 'live', 'logs.a-very-long-container-name.and.more']];
  t.is(align(fit(rows, [0, 2], 50)), [
    'NAME                        STATE  SUBJECT',
    'a-very-long-container-name  live   logs.a-very-lo…',
  ].join('\n'));
  t.true(align(fit(rows, [0, 2], 30)).split('\n').every((line) => line.length <= 30));
});
