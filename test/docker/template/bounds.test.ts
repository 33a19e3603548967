import test from 'ava';
import { TemplateError } from '../../../src/docker/template/template.ts';
import { render } from './support.ts';

function nested(depth: number, open: string, close: string, middle = ''): string {
  return open.repeat(depth) + middle + close.repeat(depth);
}

/** A runaway would end in ava's own time limit; these end in an error at once. */
const stops = test.macro((t, template: string, reason: RegExp) => {
  t.throws(() => render(template), { instanceOf: TemplateError, message: reason });
});

const STEPS = /needs more than \d+ steps/;
const OUTPUT = /the output is longer than \d+ bytes/;
const NESTING = /nested deeper than \d+ levels/;

test('a template that calls itself stops', stops,
  '{{define "x"}}{{template "x"}}{{end}}{{template "x"}}', /exceeded maximum template depth/);
test('deep recursion through deep expressions stops', stops,
  `{{define "x"}}${nested(90, '{{if 1}}', '{{end}}', `{{template "x" ${nested(90, '(', ')', '.')}}}`)}{{end}}{{template "x" .}}`,
  /exceeded maximum template depth/);
test('a range over the largest integer stops', stops, '{{range 9223372036854775807}}{{end}}', STEPS);
test('ranges within ranges stop', stops, nested(12, '{{range 100}}', '{{end}}'), STEPS);
test('endless output stops', stops, '{{range 100000}}a{{end}}', OUTPUT);
test('an enormous width stops', stops, '{{range 10}}{{$x := printf "%1000000d" 5}}{{end}}', STEPS);
test('an enormous precision stops', stops, '{{range 10}}{{$x := printf "%.1000000f" 1.5}}{{end}}', STEPS);
test('an enormous padding stops', stops, '{{pad "a" 9223372036854775807 1}}', STEPS);
test('text that doubles stops', stops, '{{$x := "aaaa"}}{{range 100}}{{$x = print $x $x}}{{end}}', STEPS);
test('many searches through many variables stop', stops,
  `${Array.from({ length: 2000 }, (_, index) => `{{$a${index}:=1}}`).join('')}{{range 1000000}}{{$a0}}{{end}}`, STEPS);
test('parentheses nest only so deep', stops, `{{${nested(30_000, '(', ')', '1')}}}`, NESTING);
test('blocks nest only so deep', stops, nested(1000, '{{if 1}}', '{{end}}'), NESTING);
test('alternatives chain only so long', stops, `{{if 0}}${'{{else if 0}}'.repeat(4000)}{{end}}`, NESTING);
test('a template is only so long', stops, `${'x'.repeat(66_000)}{{.ID}}`, /longer than \d+ bytes/);
test('a constant of many digits is refused', stops, `{{0x${'f'.repeat(65_000)}}}`, /illegal number syntax/);

test('what a real tag may need is far below the bounds', (t) => {
  const ContainerEnv = Array.from({ length: 1000 }, (_, index) => `VARIABLE_${index}=${'x'.repeat(50)}`);
  const find = '{{range .ContainerEnv}}{{$p := split . "="}}{{if eq (index $p 0) "VARIABLE_999"}}{{index $p 1}}{{end}}{{end}}';
  t.is(render(find, { ContainerEnv }), 'x'.repeat(50));
  t.is(render(`{{${nested(100, '(', ')', '.Name')}}}`), 'my-app');
});
