import { mock } from 'node:test';
import test, { type ExecutionContext } from 'ava';
import { Log } from '../../src/core/log.ts';
import type { OutputPlan } from '../../src/core/plan.ts';
import type { Connection } from '../../src/nats/connection.ts';
import { NO_STREAM } from '../../src/nats/publish-answer.ts';
import type { Tell } from '../../src/nats/stream-lookup.ts';
import { StreamReport } from '../../src/transports/stream-report.ts';
import { withTimers } from '../support/timers.ts';

/** A connection of which the test says which streams there are, and when one is made. */
class Asked {
  tell: Tell | undefined;
  made: (() => void) | undefined;
  readonly streams = {
    ask: (_subject: string, tell: Tell): boolean => {
      this.tell = tell;
      return !this.isKnown;
    },
    forget: (): void => undefined,
  };
  readonly isKnown: boolean;

  constructor(isKnown = false) {
    this.isKnown = isKnown;
  }

  makeStream(): Promise<void> {
    return new Promise((resolve) => this.made = resolve);
  }
}

function report(t: ExecutionContext, asked: Asked, create: boolean): { readonly report: StreamReport; readonly settled: () => number } {
  let settled = 0;
  const plan = { subject: 'logs.web', stream: { name: 'LOGS', subjects: ['logs.>'], create }, target: {} } as unknown as OutputPlan;
  const made = new StreamReport(asked as unknown as Connection, plan, new Log({ write: () => true }), () => settled++);
  t.teardown(() => made.end());
  return { report: made, settled: () => settled };
}

test.serial('lines wait until it is known that a stream takes them, if one is to be made', (t) => {
  const asked = new Asked();
  const { report: made, settled } = report(t, asked, true);
  t.true(made.isPending);
  asked.tell?.(['LOGS']);
  t.is(settled(), 1);
  t.false(made.isPending);
});

test.serial('lines wait until a stream that is missing is made', async (t) => {
  const asked = new Asked();
  const { report: made, settled } = report(t, asked, true);
  asked.tell?.([]);
  t.true(made.isPending);
  asked.made?.();
  await Promise.resolve();
  t.false(made.isPending);
  t.is(settled(), 1);
});

test.serial('nobody waits where the answer says nothing', (t) => {
  const asked = new Asked();
  const { report: made, settled } = report(t, asked, true);
  asked.tell?.(undefined);
  t.false(made.isPending);
  t.is(settled(), 1);
});

test.serial('nobody waits where a stream is known to take the subject, or none is to be made', (t) => {
  t.false(report(t, new Asked(true), true).report.isPending);
  const asked = new Asked();
  const { report: made, settled } = report(t, asked, false);
  t.false(made.isPending);
  asked.tell?.([]);
  made.tell(NO_STREAM);
  t.is(asked.made, undefined);
  t.is(settled(), 0);
});

test.serial('nobody waits for ever', withTimers(async (t) => {
  const { report: made, settled } = report(t, new Asked(), true);
  mock.timers.tick(1999);
  t.true(made.isPending);
  mock.timers.tick(1);
  t.false(made.isPending);
  t.is(settled(), 1);
}));
