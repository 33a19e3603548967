import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';

const ANSWER = join(import.meta.dirname, '../../src/server/json-answer.ts');

/** A process without ES modules, as the bundled program is, that gives one answer by Koa, and then says what came, and whether it has loaded Node's HTTP client. */
function answered(how: string): unknown {
  const script = `
    const { get } = require('node:http');
    const Koa = require('koa');
    const { answerJson } = require(${JSON.stringify(ANSWER)});
    const app = new Koa();
    app.use((context) => { ${how} });
    const server = app.listen(0, '127.0.0.1', () => get({ host: '127.0.0.1', port: server.address().port }, async (response) => {
      const body = (await response.toArray()).join('');
      const hasClient = process.moduleLoadList.some((name) => name.includes('undici/undici'));
      console.log(JSON.stringify({ type: response.headers['content-type'], body, hasClient }));
      process.exit();
    }));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=commonjs', '-e', script], { cwd: import.meta.dirname, encoding: 'utf8' }));
}

test('an answer in JSON does not make Node load its HTTP client, as an object given to Koa does', (t) => {
  const expected = { type: 'application/json; charset=utf-8', body: '{"Err":""}' };
  t.deepEqual(answered('answerJson(context, { Err: "" });'), { ...expected, hasClient: false });
  t.deepEqual(answered('context.body = { Err: "" };'), { ...expected, hasClient: true });
});
