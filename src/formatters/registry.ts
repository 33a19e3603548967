/** The values of `nats-format`. The schema's enum is the list; the compiler asks for a formatter for each. */
import type { Options } from '../core/options.generated.ts';
import type { ContainerFacts } from '../core/plan.ts';
import type { Formatter } from '../core/types.ts';
import { createJsonFormatter } from './json.ts';

export const formatters: Readonly<Record<Options['nats-format'], (container: ContainerFacts) => Formatter>> = {
  json: createJsonFormatter,
};
