/** Makes a JetStream stream that is missing. Source: the JetStream API, $JS.API.STREAM.CREATE; the same since nats-server 2.2. */
import type { Log } from '../core/log.ts';
import { jetStreamApi, type Target } from '../core/target.ts';
import type { StreamPlan } from '../core/plan.ts';
import type { Link } from './link.ts';

/** The server's words for a stream of that name with another configuration. */
const EXISTS = 10058;

interface CreateAnswer {
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

/** Never rejects: a stream that cannot be made is told of, and lines go on waiting. */
export async function makeStream(link: Link, target: Target, { name, subjects }: StreamPlan, log: Log): Promise<void> {
  const config = { name, subjects, retention: 'limits', storage: 'file', discard: 'old', num_replicas: 1, max_consumers: -1, max_msgs: -1, max_bytes: -1, max_age: 0 };
  const { domain } = target;
  const fields = { stream: name, subjects: subjects.join(','), ...(domain === undefined ? {} : { domain }) };
  try {
    const { error } = JSON.parse(await link.request(`${jetStreamApi(target)}.STREAM.CREATE.${name}`, JSON.stringify(config))) as CreateAnswer;
    if (error === undefined) log.info('JetStream stream made', fields);
    else if (error.err_code === EXISTS) log.limited('error', `stream ${name}`, 'the JetStream stream exists and does not cover the subject: it is left as it is', fields);
    else log.limited('error', `stream ${name}`, 'the JetStream stream cannot be made', { ...fields, reason: error.description ?? 'no reason given' });
  } catch (error) {
    log.limited('error', `stream ${name}`, 'the JetStream stream cannot be made', { ...fields, reason: error instanceof Error ? error.message : String(error) });
  }
}

/** What an operator would type. */
export function addCommand(name: string | undefined, { domain }: Target, subject: string): string {
  return `nats stream add ${name ?? 'LOGS'} --subjects ${subject} --storage file --defaults${domain === undefined ? '' : ` --js-domain ${domain}`}`;
}
