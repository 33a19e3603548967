/** `nats-log-driver push`: a document for all hosts, judged before it is put into the bucket. */
import { hostname } from 'node:os';
import { putKey } from '../nats/kv-put.ts';
import { NatsFault } from '../nats/open-any.ts';
import { fileReaders } from '../options/file-readers.ts';
import { OptionError } from '../options/option-error.ts';
import { resolveOptions } from '../options/resolve.ts';
import { toTarget } from '../plan.ts';
import { judge, showRemarks } from './check.ts';
import { UsageError } from './command.ts';
import { loginWishes, type LoginArguments } from './operator-options.ts';
import type { Output } from './output.ts';
import { findSurroundings } from './surroundings.ts';

export interface PushArguments extends LoginArguments {
  readonly create: boolean;
  readonly replicas: string;
}

/** Returns the exit code. Throws UsageError. */
export async function push(values: PushArguments, [name = '', file = '']: readonly string[], env: NodeJS.ProcessEnv, output: Output): Promise<number> {
  const { create, replicas, ...login } = values;
  // What the bucket itself says does not lead to it.
  const { settings, error, source, plugin, shown } = await findSurroundings(env, { ...loginWishes(login), withoutBucket: true });
  try {
    if (error !== undefined) throw error;
    if (plugin !== undefined) output.writeError(`${output.paintError('dim', `-- settings of ${source}`)}\n`);
    const [bucket, key] = splitName(name);
    const resolved = resolveOptions(settings, {});
    const { text, remarks } = judge(file, {});
    output.writeError(showRemarks(remarks.filter(({ severity }) => severity !== 'note'), output));
    if (remarks.some(({ severity }) => severity === 'error')) {
      output.writeError(`${output.paintError('red', `nothing was put into ${name}`)}\n`);
      return 1;
    }
    const link = { name: `nats-log-driver push@${hostname()}`, ...fileReaders(() => resolved.options['nats-secret-dirs']) };
    const revision = await putKey(toTarget(resolved), { bucket, key, text, create, replicas: Number(replicas) }, link);
    output.write(`${name} is ${file} now, revision ${revision}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof NatsFault || error instanceof OptionError)) throw error;
    output.writeError(`${output.paintError('red', shown(error.message))}\n`);
    return error instanceof OptionError ? 2 : 1;
  }
}

function splitName(name: string): readonly [bucket: string, key: string] {
  const [, bucket, key] = /^([\w-]+)\/(.+)$/.exec(name) ?? [];
  if (bucket === undefined || key === undefined) throw new UsageError(`KEY: expected bucket/key, got ${JSON.stringify(name)}`);
  return [bucket, key];
}
