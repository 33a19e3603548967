/** `nats-log-driver push` as a process, against a real nats-server with JetStream. */
import test, { type ExecutionContext } from 'ava';
import { connect } from 'nats';
import { runProcess, type CommandRun } from '../support/command-run.ts';
import { startLocalNats } from './rig.ts';

interface Bucket {
  readonly run: (args: readonly string[], text: string) => Promise<CommandRun>;
  readonly value: () => Promise<string | undefined>;
}

async function bucket(t: ExecutionContext): Promise<Bucket> {
  const nats = await startLocalNats(t, { config: 'jetstream { store_dir: "jetstream" }\n' });
  const client = await connect({ servers: nats.url });
  t.teardown(() => client.close());
  return {
    run: (args, text) => runProcess(['push', ...args, 'config/logs', '-'], { NATS_SERVERS: nats.url }, text),
    value: async () => (await (await client.jetstream().views.kv('config', { bindOnly: true })).get('logs').catch(() => null))?.string(),
  };
}

const GOOD = 'rules:\n  - options: {nats-subject: "shop.{{.Name}}"}\n';

test('push makes the bucket when asked to, and puts each document over the one before', async (t) => {
  const { run, value } = await bucket(t);
  const refused = await run([], GOOD);
  t.is(refused.code, 1);
  t.is(refused.err, 'config/logs: there is no bucket config, or JetStream is off\n');
  t.deepEqual(await run(['--create'], GOOD), { code: 0, out: 'config/logs is - now, revision 1\n', err: '' });
  t.is(await value(), GOOD);
  const next = GOOD.replace('shop', 'store');
  t.deepEqual(await run([], next), { code: 0, out: 'config/logs is - now, revision 2\n', err: '' });
  t.is(await value(), next);
});

test('a document with errors is not put: the one before stays', async (t) => {
  const { run, value } = await bucket(t);
  await run(['--create'], GOOD);
  const { code, out, err } = await run([], 'rules:\n  - options: {nats-subjct: x}\n');
  t.deepEqual({ code, out }, { code: 1, out: '' });
  t.regex(err, /^<stdin>:2:15 \(rule 1\): error: nats-subjct: unknown option, did you mean nats-subject\?/);
  t.regex(err, /nothing was put into config\/logs\n$/);
  t.is(await value(), GOOD);
});

test('push says why NATS is not reached, and what is wrong with its arguments', async (t) => {
  const away = await runProcess(['push', '-s', 'nats://127.0.0.1:1', 'config/logs', '-'], {}, GOOD);
  t.is(away.code, 1);
  t.regex(away.err, /^cannot connect to NATS\nnats:\/\/127\.0\.0\.1:1: connection refused\n$/);
  const wrong = await runProcess(['push', 'config', '-'], {}, GOOD);
  t.is(wrong.code, 2);
  t.regex(wrong.err, /KEY: expected bucket\/key, got "config"/);
});
