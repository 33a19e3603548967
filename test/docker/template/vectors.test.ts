import test from 'ava';
import { parseEngineInfo } from '../../../src/docker/container-info.ts';
import { TemplateError, parseTemplate } from '../../../src/docker/template/template.ts';
import more from './vectors-more.json' with { type: 'json' };
import vectors from './vectors.json' with { type: 'json' };

interface Vectors {
  readonly info: unknown;
  readonly hostname: string;
  readonly render: readonly { readonly template: string; readonly expected: string }[];
  readonly reject: readonly string[];
}

function outcome({ info, hostname }: Vectors, template: string): string {
  try {
    return parseTemplate(template).execute(parseEngineInfo(info), hostname);
  } catch (error) {
    if (error instanceof TemplateError) return `refused: ${error.message}`;
    throw error;
  }
}

const rendersAsGo = test.macro((t, file: Vectors) => {
  for (const { template, expected } of file.render) t.is(outcome(file, template), expected, template);
});

const refusesAsGo = test.macro((t, file: Vectors) => {
  for (const template of file.reject) t.regex(outcome(file, template), /^refused: template: log-tag:\d+/, template);
});

test('the documented templates render what the engine renders', rendersAsGo, vectors);
test('the templates that the engine refuses are refused', refusesAsGo, vectors);
test('templates of every kind render what Go renders', rendersAsGo, more);
test('templates that Go refuses for any reason are refused', refusesAsGo, more);
