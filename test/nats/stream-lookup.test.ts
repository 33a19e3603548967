import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { StreamLookup } from '../../src/nats/stream-lookup.ts';
import { FakeLink } from './fake-link.ts';

/** A server whose answers to requests the test gives, in order. */
class AskedLink extends FakeLink {
  readonly asked: string[] = [];
  readonly #open: { resolve: (answer: string) => void; reject: (error: Error) => void }[] = [];

  override request(subject?: string, body?: string): Promise<string> {
    this.asked.push(`${subject} ${body}`);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#open.push({ resolve, reject });
    return promise;
  }

  async answer(text: string): Promise<void> {
    this.#open.shift()?.resolve(text);
    await turn();
  }

  async fail(): Promise<void> {
    this.#open.shift()?.reject(new Error('TIMEOUT'));
    await turn();
  }
}

test('containers that share a subject ask once, and one question is under way at a time', async (t) => {
  const lookup = new StreamLookup('$JS.API');
  const told: string[] = [];
  for (const name of ['a', 'b']) lookup.ask('logs.web', (streams) => told.push(`${name} ${streams}`));
  lookup.ask('logs.db', (streams) => told.push(`c ${streams}`));
  const link = new AskedLink();
  lookup.open(link);
  t.deepEqual(link.asked, ['$JS.API.STREAM.NAMES {"subject":"logs.web"}']);
  await link.answer('{"total":1,"streams":["LOGS"]}');
  t.deepEqual(told, ['a LOGS', 'b LOGS']);
  t.is(link.asked.at(-1), '$JS.API.STREAM.NAMES {"subject":"logs.db"}');
  await link.answer('{"total":0,"streams":null}');
  t.deepEqual(told.slice(2), ['c ']);
  t.false(lookup.ask('logs.web', () => t.fail('that is known')));
  t.true(lookup.ask('logs.db', () => told.push('asked again')));
  await link.answer('{"streams":[]}');
  t.is(told.at(-1), 'asked again');
});

test('where there is no answer, or one that says nothing, it is said that nothing is known', async (t) => {
  const lookup = new StreamLookup('$JS.hub.API');
  const told: unknown[] = [];
  const link = new AskedLink();
  lookup.open(link);
  for (const answer of ['{"error":{"code":503}}', 'no JSON', undefined]) {
    lookup.ask('logs.web', (streams) => told.push(streams));
    await (answer === undefined ? link.fail() : link.answer(answer));
  }
  t.deepEqual(told, [undefined, undefined, undefined]);
  t.is(link.asked.length, 3);
  t.true(lookup.refused('$JS.hub.API.STREAM.NAMES'), 'not to be taken for the subject of lines');
  t.false(lookup.refused('logs.web'));
});

test('a question that a lost connection took is asked on the next one, unless nobody waits for it any more', async (t) => {
  const lookup = new StreamLookup('$JS.API');
  const told: string[] = [];
  const gone = (): void => t.fail();
  lookup.ask('logs.web', () => told.push('web'));
  lookup.ask('logs.db', gone);
  const [first, second] = [new AskedLink(), new AskedLink()];
  lookup.open(first);
  lookup.lose();
  lookup.forget('logs.db', gone);
  lookup.open(second);
  await first.fail();
  t.deepEqual(second.asked, ['$JS.API.STREAM.NAMES {"subject":"logs.web"}']);
  await second.answer('{"streams":["LOGS"]}');
  t.deepEqual(told, ['web']);
});
