import test from 'ava';
import fc from 'fast-check';
import { TemplateError } from '../../../src/docker/template/template.ts';
import { render } from './support.ts';

/** Fixed, so that a run is repeatable. */
const RUNS = { seed: 20240506, numRuns: 3000 };

const PIECES = [
  '{{', '}}', '{{-', '-}}', '(', ')', '|', ' ', '.', '$x', ':=', '=', ',', '"a"', '`', "'a'", '1', '-1', '1.5', '1i',
  '\n', 'é', '日', '/*', '*/', '.Name', '.ContainerArgs', '.ContainerLabels', '.ContainerCreated', '.Month',
  'nil', 'true', '"%v %5d %[2]*x"',
  'if', 'else', 'end', 'range', 'with', 'define', 'template', 'block', 'break', 'continue',
  'printf', 'index', 'slice', 'len', 'eq', 'and', 'json', 'pad', 'join', 'split',
];

function rendersOrRefuses(template: string): boolean {
  try {
    return typeof render(template) === 'string';
  } catch (error) {
    if (error instanceof TemplateError) return error.message.startsWith('template: log-tag');
    throw error;
  }
}

test('any text is rendered or refused with a template error', (t) => {
  t.notThrows(() => fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => rendersOrRefuses(`{{${text}}}`)), RUNS));
});

test('any sequence of words of the language is rendered or refused with a template error', (t) => {
  const sequences = fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((pieces) => pieces.join(' '));
  t.notThrows(() => fc.assert(fc.property(sequences, (text) => rendersOrRefuses(text) && rendersOrRefuses(`{{${text}}}`)), RUNS));
});

test('any format with any operands is rendered or refused with a template error', (t) => {
  const formats = fc.string({ unit: fc.constantFrom(...'%%%%vdsxqtfgebcUTp+-# 0123.*[]a日'), maxLength: 12 });
  const check = (format: string): boolean => rendersOrRefuses(`{{printf ${JSON.stringify(format)} 5 .Name 1.5 . .ContainerCreated nil}}`);
  t.notThrows(() => fc.assert(fc.property(formats, check), RUNS));
});

test('text without an opening delimiter renders as itself', (t) => {
  const texts = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('{{', '{'));
  t.notThrows(() => fc.assert(fc.property(texts.filter((text) => !text.includes('{{')), (text) => render(text) === text), RUNS));
});

test('text goes through a template and through quoting unchanged', (t) => {
  const texts = fc.string({ unit: 'grapheme' });
  const check = (text: string): boolean => JSON.parse(render('{{json .ContainerLabels.a}}', { ContainerLabels: { a: text } })) === text;
  t.notThrows(() => fc.assert(fc.property(texts, check), RUNS));
});
