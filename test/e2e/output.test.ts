import test from '../support/e2e-test.ts';
import { startNatsProcess } from '../support/nats-process.ts';
import { Collector } from '../support/e2e-collector.ts';
import type { Body } from '../support/e2e-collector.ts';
import { numbers } from '../support/e2e-scripts.ts';
import { Site } from '../support/e2e-site.ts';

let site: Site;
test.before(async () => {
  site = await Site.open();
});
test.after.always(() => site[Symbol.asyncDispose]());

const MIB = 1024 * 1024;

/** Shell: `count` times the letter, without a newline. */
const letters = (count: number, letter: string): string => `head -c ${count} /dev/zero | tr '\\0' ${letter}`;

const only = (bodies: readonly Body[], source: string): string[] => bodies.filter((body) => body.source === source).map(({ text }) => text);

test('a container that prints 1,000 lines and ends at once, fifty times: every line is there, in order', async (t) => {
  const names = numbers(1, 50).map((number) => `short-${number}`);
  const waiting = [...names];
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await site.run({ name, command: 'seq 1000' });
  };
  await Promise.all([work(), work(), work(), work()]);
  for (const name of names) t.deepEqual(await site.collector.texts(name, 1000), numbers(1, 1000), name);
});

test('S5: empty lines, NUL and bytes that are not UTF-8 arrive', async (t) => {
  await site.run({ name: 'bytes', command: 'printf \'\\n\\n a\\0b\\t\\n\\377\\376\\n\\344\\270\\255\\346\\226\\207 "\\\\"\\n\\n\'' });
  t.deepEqual(await site.collector.texts('bytes', 6), ['', '', ' a\0b\t', '\ufffd\ufffd', '中文 "\\"', '']);
});

test('output without a final newline arrives, short or longer than the engine\'s buffer', async (t) => {
  await site.run({ name: 'unfinished', command: `echo first; printf last` });
  await site.run({ name: 'unfinished-long', command: `echo first; ${letters(40_000, 'x')}` });
  await site.run({ name: 'unfinished-exact', command: `echo first; ${letters(16 * 1024, 'x')}` });
  t.deepEqual(await site.collector.texts('unfinished', 2), ['first', 'last']);
  t.deepEqual(await site.collector.texts('unfinished-long', 2), ['first', 'x'.repeat(40_000)]);
  t.deepEqual(await site.collector.texts('unfinished-exact', 2), ['first', 'x'.repeat(16 * 1024)]);
});

test('S5: a character that the engine cuts in two arrives whole', async (t) => {
  await site.run({ name: 'cut', command: `${letters(16 * 1024 - 1, 'x')}; printf '\\303\\251y\\n'` });
  const { body } = await site.collector.only('cut');
  t.true(body.text === `${'x'.repeat(16 * 1024 - 1)}éy`, body.text.slice(-10));
});

test('long lines of stdout and stderr at the same time are not mixed up', async (t) => {
  const half = `A=$(${letters(20_000, 'a')}); B=$(${letters(20_000, 'b')});`;
  await site.run({ name: 'mixed', command: `${half} for i in 1 2 3 4 5; do printf $A; printf $B >&2; echo $A; echo $B >&2; done` });
  const bodies = await site.collector.bodies('mixed', 10);
  t.true(only(bodies, 'stdout').every((text) => text === 'a'.repeat(40_000)));
  t.true(only(bodies, 'stderr').every((text) => text === 'b'.repeat(40_000)));
  t.deepEqual([only(bodies, 'stdout').length, only(bodies, 'stderr').length], [5, 5]);
});

for (const [name, has, end] of [['big-line', 'with', 'echo; echo after'], ['big-end', 'without', 'echo after >&2']] as const) {
  test(`N10: a line of 1 MiB ${has} its newline comes in pieces, and nothing is lost`, async (t) => {
    await site.run({ name, command: `echo before; ${letters(MIB, 'x')}; ${end}` });
    const bodies = await site.collector.bodies(name, 4);
    t.deepEqual(bodies.filter(({ text }) => !text.startsWith('x')).map(({ text }) => text), ['before', 'after']);
    const pieces = bodies.filter(({ text }) => text.startsWith('x'));
    t.is(pieces.map(({ text }) => text).join('').length, MIB);
    t.deepEqual(pieces.map(({ truncated }) => truncated), pieces.map(() => undefined));
    t.is(new Set(pieces.map(({ partial_id: id }) => id)).size, 1);
    t.deepEqual(pieces.map(({ partial_ordinal: ordinal }) => ordinal), pieces.map((_, index) => index + 1));
  });
}

test('a server with a higher limit gets a line of 1 MiB whole, and a longer one in pieces that say so', async (t) => {
  await using nats = await startNatsProcess({ config: 'max_payload: 8MB\n' }).then((server) => ({
    url: server.url, [Symbol.asyncDispose]: () => server.stop(),
  }));
  const collector = await Collector.connect({ servers: nats.url });
  const command = `${letters(MIB, 'x')}; echo; ${letters(2.5 * MIB, 'y')}; echo; echo after`;
  await site.run({ name: 'huge', opts: { 'nats-servers': nats.url }, command });
  const [whole, ...rest] = await collector.bodies('huge', 5);
  await collector.close();
  t.true(whole?.text === 'x'.repeat(MIB) && whole.truncated === undefined);
  const pieces = rest.slice(0, -1);
  t.is(rest.at(-1)?.text, 'after');
  t.true(pieces.map(({ text }) => text).join('') === 'y'.repeat(2.5 * MIB));
  t.is(new Set(pieces.map(({ partial_id: id }) => id)).size, 1);
  t.deepEqual(pieces.map(({ partial_last: last }) => last), [false, false, true]);
  t.deepEqual(pieces.map(({ partial_ordinal: ordinal }) => ordinal), [1, 65, 129]);
});

test('a container with a terminal has stdout only, and its lines keep their carriage return', async (t) => {
  await site.start(t, { name: 'terminal', flags: ['--tty'], command: 'echo out; echo err >&2' });
  await site.untilEnded('terminal');
  const bodies = await site.collector.bodies('terminal', 2);
  t.deepEqual(bodies.map(({ source, text }) => [source, text]), [['stdout', 'out\r'], ['stdout', 'err\r']]);
});

test('with mode=non-blocking every line arrives as long as the engine\'s buffer holds them', async (t) => {
  await site.run({ name: 'nonblocking', opts: { 'mode': 'non-blocking', 'max-buffer-size': '4m' }, command: 'seq 1000' });
  t.deepEqual(await site.collector.texts('nonblocking', 1000), numbers(1, 1000));
});

test('docker logs shows what a running and an ended container wrote, and publishes nothing', async (t) => {
  await site.start(t, { name: 'shown', command: 'echo one; echo two; exec sleep 1000' });
  await site.collector.messages('shown', 2);
  t.is(await site.docker.run('logs', 'shown'), 'one\ntwo');
  await site.docker.run('kill', 'shown');
  await site.untilEnded('shown');
  t.is(await site.docker.run('logs', '--tail', '1', 'shown'), 'two');
  t.is(await site.docker.run('logs', 'shown'), 'one\ntwo');
  t.deepEqual(await site.collector.texts('shown', 2), ['one', 'two']);
});
