import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import { Outbox } from '../../src/nats/outbox.ts';
import { FakeLink } from './fake-link.ts';
import { Writer } from './writer.ts';

const WINDOW = 256 * 1024;

type Step =
  | { readonly do: 'produce'; readonly lane: number; readonly lines: number }
  | { readonly do: 'turn' | 'pong' | 'hurry' | 'lose' | 'open' | 'full' | 'drained' }
  | { readonly do: 'refuse'; readonly lane: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('produce' as const), lane: fc.nat(3), lines: fc.oneof(fc.nat(5), fc.nat(400)) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('turn' as const, 'pong' as const, 'turn' as const, 'pong' as const,
    'hurry' as const, 'lose' as const, 'open' as const, 'full' as const, 'drained' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse' as const), lane: fc.nat(3) }) },
);

test('at least once, in order, booked exactly once, whatever happens to the link', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const outbox = new Outbox(WINDOW);
      // The largest lines make the writer grow its buffer.
      const lanes = [new Writer(outbox, 'a', 20), new Writer(outbox, 'b', 700), new Writer(outbox, 'c', 9000),
        new Writer(outbox, 'd', 600_000)];
      let link: FakeLink | undefined;
      const arrived = lanes.map(() => 0);
      const collect = (): void => {
        if (link === undefined) return;
        for (const [, subject, number] of link.confirmed.matchAll(/\[(\w) (\d+)\]/g)) {
          const lane = lanes.findIndex((each) => each.subject === subject);
          // No hole: a line arrives only when all before it have arrived.
          if (Number(number) > (arrived[lane] as number)) throw new Error(`${subject} ${number} came before ${arrived[lane]}`);
          arrived[lane] = Math.max(arrived[lane] as number, Number(number) + 1);
        }
        link.confirmed = '';
      };
      const check = (): void => {
        collect();
        if (link === undefined) return;
        if (link.unconfirmedBytes > WINDOW + 600_000) throw new Error(`${link.unconfirmedBytes} bytes are unconfirmed`);
      };
      const drain = (full: FakeLink): void => {
        full.isFull = false;
        outbox.drained();
      };
      for (const action of steps) {
        if (action.do === 'produce') lanes[action.lane]?.produce(action.lane === 3 ? Math.min(action.lines, 5) : action.lines);
        else if (action.do === 'turn') await turn();
        else if (action.do === 'pong') await link?.pong();
        else if (action.do === 'hurry') outbox.hurry();
        else if (action.do === 'refuse') outbox.refuse((lanes[action.lane] as Writer).subject);
        else if (action.do === 'full' && link !== undefined) link.isFull = true;
        else if (action.do === 'drained' && link !== undefined) drain(link);
        else if (action.do === 'lose' && link !== undefined) {
          link.close();
          link = undefined;
          outbox.lose();
        } else if (action.do === 'open' && link === undefined) {
          link = new FakeLink();
          outbox.open(link);
        }
        check();
      }
      if (link === undefined) outbox.open(link = new FakeLink());
      drain(link);
      for (let i = 0; i < 200 && lanes.some(({ watermark, total }) => watermark < total); i++) {
        await turn();
        outbox.hurry();
        await link.pong();
        check();
      }
      return lanes.every(({ total, watermark, booked, refusedLines }, i) =>
        watermark === total && booked + refusedLines === total && arrived[i] === total);
    }),
    { seed: 20261122, numRuns: 150 },
  );
  t.pass();
});
