import { MessageChannel } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { Channel } from '../../src/crew/channel.ts';
import { RequestError } from '../../src/server/log-driver.ts';
import { until } from '../support/wait.ts';

interface Shop {
  price(what: string, pieces: number): number;
  bake(ms: number): Promise<string>;
  burn(): void;
  refuse(): void;
  ring(times: number): void;
}

/** A customer, and what the shop has heard. */
function newShop(t: ExecutionContext): { customer: Channel<Shop>; heard: unknown[] } {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  const heard: unknown[] = [];
  const shop: Shop = {
    price: (what, pieces) => what.length * pieces,
    bake: async (ms) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return 'bread';
    },
    burn: () => {
      throw new TypeError('the oven is a bug');
    },
    refuse: () => {
      throw new RequestError('nats: sold out');
    },
    ring: (times) => void heard.push(times),
  };
  new Channel<Record<never, never>>(port2, shop);
  return { customer: new Channel<Shop>(port1, {}), heard };
}

test('a call is answered with what the other side returns, or resolves with', async (t) => {
  const { customer } = newShop(t);
  const [bread, price] = await Promise.all([customer.ask('bake', 20), customer.ask('price', 'bun', 4)]);
  t.deepEqual([bread, price], ['bread', 12]);
});

test('calls arrive in their order, whether an answer is wanted or not', async (t) => {
  const { customer, heard } = newShop(t);
  for (let times = 0; times < 10; times++) {
    if (times % 2 === 0) customer.tell('ring', times);
    else void customer.ask('ring', times);
  }
  await until('all are heard', () => heard.length === 10);
  t.deepEqual(heard, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('what is meant for the user arrives as such, a bug with its stack', async (t) => {
  const { customer } = newShop(t);
  await t.throwsAsync(customer.ask('refuse'), { instanceOf: RequestError, message: 'nats: sold out' });
  const bug = await t.throwsAsync(customer.ask('burn'), { message: 'the oven is a bug' });
  t.false(bug instanceof RequestError);
  t.regex(bug?.stack ?? '', /^TypeError: the oven is a bug\n.*channel\.test\.ts/s);
});
