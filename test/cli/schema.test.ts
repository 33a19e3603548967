import { readFileSync } from 'node:fs';
import test from 'ava';
import { runCommand } from '../support/command-run.ts';

for (const which of ['config', 'options', 'message']) {
  test(`the schema "${which}" is printed as it is`, async (t) => {
    const { code, out } = await runCommand(['schema', which]);
    t.is(code, 0);
    t.deepEqual(JSON.parse(out), JSON.parse(readFileSync(new URL(`../../schema/${which}.schema.json`, import.meta.url), 'utf8')));
  });
}

test('the schema of the YAML file is the one that is printed by default', async (t) => {
  t.is((await runCommand(['schema'])).out, (await runCommand(['schema', 'config'])).out);
});
