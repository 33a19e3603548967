import test from 'ava';
import { TemplateError } from '../../../src/docker/template/template.ts';
import { render } from './support.ts';

/** The messages are those of Go, which users know and search for. */
const says = test.macro((t, template: string, message: string) => {
  t.throws(() => render(template), { instanceOf: TemplateError, message });
});

const AT = 'template: log-tag:1:2: executing "log-tag" at';

test('an unknown field is named with its place', says, '{{.Nope}}', `${AT} <.Nope>: can't evaluate field Nope in type *logger.Info`);
test('a column counts bytes of its own line', says, 'é\n\né{{.Nope}}',
  'template: log-tag:3:4: executing "log-tag" at <.Nope>: can\'t evaluate field Nope in type *logger.Info');
test('an unknown function is found before anything runs', says, '{{ID}}', 'template: log-tag:1: function "ID" not defined');
test('an unclosed action says so', says, '{{.Name', 'template: log-tag:1: unclosed action');
test('an action that spans lines says where it began', says,
  '{{if 1}}\n{{.Name\n\n', 'template: log-tag:4: unclosed action started at log-tag:2');
test('a missing end is an unexpected end of the text', says, '{{if .Name}}', 'template: log-tag:1: unexpected EOF');
test('a stray end is unexpected', says, '{{end}}', 'template: log-tag:1: unexpected {{end}}');
test('a failing function is named with its reason', says, '{{index .ContainerArgs 9}}',
  `${AT} <index .ContainerArgs 9>: error calling index: index out of range: 9`);
test('unlike types do not compare', says, '{{eq 1 1.0}}', `${AT} <eq 1 1.0>: error calling eq: incompatible types for comparison`);
test('a wrong argument is named with what was wanted', says, '{{truncate .Name "3"}}',
  'template: log-tag:1:17: executing "log-tag" at <"3">: expected integer; found "3"');
test('too few arguments are counted', says, '{{split .Name}}', `${AT} <split>: wrong number of args for split: want 2 got 1`);
test('a template that is not defined is named', says, '{{template "x"}}',
  'template: log-tag:1:11: executing "log-tag" at <{{template "x"}}>: template "x" not defined');
test('an error within a definition names the definition', says, '{{define "x"}}{{.A}}{{end}}{{template "x" 5}}',
  'template: log-tag:1:16: executing "x" at <.A>: can\'t evaluate field A in type int');

test('values of log options do not show in messages', (t) => {
  const Config = { 'nats-pass': 'hush' };
  for (const template of ['{{range index .Config "nats-pass"}}{{end}}', '{{eq .Config .ContainerArgs}}', '{{eq . .ContainerCreated}}']) {
    const error = t.throws(() => render(template, { Config }), { instanceOf: TemplateError });
    t.notRegex(error.message, /hush/, template);
  }
});

test('long pieces of the template are cut in messages', (t) => {
  const parsing = t.throws(() => render(`{{${'1'.repeat(60_000)}}}`));
  const running = t.throws(() => render(`{{print ${'.Name '.repeat(9000)} | len | upper}}`));
  t.true(parsing.message.length < 400 && running.message.length < 400);
});
