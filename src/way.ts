/** Where the lines of an output go, and how they are written. */
import type { Books } from './core/account.ts';
import type { OutputPlan } from './core/plan.ts';
import type { Formatter, Transport, TransportListener } from './core/types.ts';

export interface Way {
  readonly plan: OutputPlan;
  readonly formatter: Formatter;
  /** `epoch`: of the journal. */
  readonly openTransport: (listener: TransportListener, epoch: number) => Transport;
  /** It leads nowhere: its credentials are not known. */
  readonly isParked: boolean;
  /** Those of its transport. */
  readonly books: Books;
}

/** All that a plan says, and nothing else; what is not set is left out. */
export function isSameWay(one: Way, other: Way): boolean {
  const key = ({ plan, isParked }: Way): string =>
    JSON.stringify([isParked, { ...plan, facts: { ...plan.facts, attributes: [...plan.facts.attributes] } }]);
  return key(one) === key(other);
}
