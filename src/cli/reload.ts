/** `nats-log-driver reload`: the running driver reads its configuration again. */
import type { DriverStatus } from '../core/status.ts';
import type { Output } from './output.ts';
import { printable } from './printable.ts';
import { ask, DriverFault, expectOk, theSocket } from './sockets.ts';

export interface ReloadArguments { readonly socket: string | undefined }

/** Returns the exit code. */
export async function reload({ socket }: ReloadArguments, output: Output): Promise<number> {
  try {
    const path = theSocket(socket);
    const answer = await ask(path, 'POST', '/reload');
    if (answer.status === 404) throw new DriverFault(`${path}: the running driver cannot be made to reload: it is of an older version`);
    const refusal = refusalOf(expectOk(answer, path));
    if (refusal !== undefined) {
      output.writeError(`${output.paintError('red', refusal.split('\n').map(printable).join('\n'))}\nthe configuration in force stays\n`);
      return 1;
    }
    const { configuration } = expectOk(await ask(path, 'GET', '/status'), path) as DriverStatus;
    output.write(`${output.paint('green', 'in force')}: ${configuration.file ?? 'no YAML file'}, loaded ${configuration.loaded_at}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof DriverFault)) throw error;
    output.writeError(`${output.paintError('red', error.message)}\n`);
    return 1;
  }
}

/** As the driver answers the engine: what is wrong is in `Err`. */
function refusalOf(body: unknown): string | undefined {
  const text = typeof body === 'object' && body !== null && 'Err' in body ? String(body.Err) : '';
  return text === '' ? undefined : text;
}
