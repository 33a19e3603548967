import test from 'ava';
import { TemplateError, isPlain, parseTemplate } from '../../../src/docker/template/template.ts';
import { containerInfo, render } from './support.ts';

/** Younger than the Go that the vectors were made with. */
const renders = test.macro((t, template: string, expected: string) => t.is(render(template), expected));

test('else with goes on to another value', renders, '{{with .LogPath}}a{{else with .Name}}{{.}}{{else}}b{{end}}', 'my-app');
test('else with ends in else when nothing holds', renders, '{{with 0}}a{{else with ""}}b{{else}}c{{end}}', 'c');
test('a range over an integer counts from zero', renders, '{{range $i := 3}}{{$i}}{{end}}-{{range 2}}{{.}}{{end}}', '012-01');
test('a range over zero or less takes the else part', renders, '{{range 0}}a{{else}}b{{end}}{{range -1}}a{{else}}b{{end}}', 'bb');
test('a range can assign to variables that exist', renders,
  '{{$k := 0}}{{$v := 0}}{{$z := 9}}{{range $k, $v = .ContainerArgs}}{{$k}}{{$v}} {{end}}{{$k}}{{$v}}{{$z}}', '0sh 1-c 2echo hi 2echo hi9');
test('json has short escapes for backspace and form feed', renders, '{{json "\\b\\f"}}', '"\\b\\f"');
test('times can be compared as numbers', renders, '{{.ContainerCreated.Compare (.ContainerCreated.Add 1)}}', '-1');

test('a range over an integer has no second variable', (t) => {
  const message = /can't use 3 to iterate over more than one variable/;
  t.throws(() => render('{{range $i, $e := 3}}{{end}}'), { instanceOf: TemplateError, message });
});

test('else if does not follow with, else with does not follow if', (t) => {
  t.throws(() => parseTemplate('{{with 1}}{{else if 1}}{{end}}'), { instanceOf: TemplateError });
  t.throws(() => parseTemplate('{{if 1}}{{else with 1}}{{end}}'), { instanceOf: TemplateError });
});

test('text is bytes: lengths, indexes and cuts count them', (t) => {
  t.is(render('{{len .ContainerLabels.uni}} {{index "é" 0}} {{slice .ContainerLabels.uni 6 9}}'), '12 195 日');
  t.is(render('{{truncate "日本" 4}}'), '日\ufffd');
  t.is(render('{{slice "é" 0 1}}{{slice "é" 1}}'), 'é', 'bytes that were cut apart and put together again are whole');
});

test('keys that mean something to JavaScript are keys like any other', (t) => {
  const labels = JSON.parse('{"__proto__":"p","constructor":"c"}') as unknown;
  t.is(render('{{.ContainerLabels.__proto__}}{{index .ContainerLabels "constructor"}}', { ContainerLabels: labels }), 'pc');
  t.is(render('{{.ContainerLabels.constructor}}{{.ContainerLabels.toString}}'), '<no value><no value>');
  t.throws(() => render('{{.constructor}}'), { message: /can't evaluate field constructor in type \*logger\.Info/ });
  t.throws(() => render('{{template "__proto__"}}'), { message: /template "__proto__" not defined/ });
});

test('what is missing in the info is empty in the template', (t) => {
  const nothing = { ContainerArgs: null, ContainerLabels: null, ContainerEnv: null, Config: null, ContainerCreated: null };
  t.is(render('[{{.Command}}][{{.ImageID}}][{{len .ContainerLabels}}][{{.ContainerCreated.IsZero}}]', nothing), '[][][0][true]');
});

test('a creation time with an offset keeps it', (t) => {
  const changes = { ContainerCreated: '2024-05-06T07:08:09+02:30' };
  t.is(render('{{.ContainerCreated}} {{.ContainerCreated.UTC.Format "15:04 MST"}}', changes), '2024-05-06 07:08:09 +0230 +0230 04:38 UTC');
});

test('a creation time that is none only matters to the template that asks for it', (t) => {
  const changes = { ContainerCreated: 'yesterday' };
  t.is(render('{{.ID}}', changes), 'a7317399f3f8');
  const message = /expected an RFC 3339 time, got "yesterday"/;
  t.throws(() => render('{{.ContainerCreated}}', changes), { instanceOf: TemplateError, message });
});

test('the extra attributes follow the log options', (t) => {
  const Config = { labels: 'tier', 'env-regex': '^FO' };
  t.is(render('{{range $k, $v := .ExtraAttributes nil}}{{$k}}={{$v}} {{end}}', { Config }), 'FOO=bar tier=web ');
  const bad = { Config: { 'labels-regex': '(' } };
  t.throws(() => render('{{.ExtraAttributes nil}}', bad), { instanceOf: TemplateError, message: /expected a regular expression/ });
});

test('a template can be executed many times', (t) => {
  const template = parseTemplate('{{$x := .Name}}{{$x = upper $x}}{{$x}}');
  t.is(template.execute(containerInfo({ ContainerName: '/a' }), 'h'), 'A');
  t.is(template.execute(containerInfo({ ContainerName: '/b' }), 'h'), 'B');
});

test('text without delimiters is plain', (t) => {
  t.true(isPlain('app.{name}'));
  t.false(isPlain('{{.Name}}'));
  t.is(render('{ {.Name} } }}'), '{ {.Name} } }}');
});
