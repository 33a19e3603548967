/** Writes a key of a JetStream KV bucket, for the command line. */
import { jetStreamApi, type Target } from '../core/target.ts';
import type { LinkSettings } from './link.ts';
import { NatsFault, openAny } from './open-any.ts';

/** Earlier values that a bucket made here keeps. */
const HISTORY = 10;

/** The client's word for a subject that nobody listens to. */
const NOBODY = '503';

export interface KvPut {
  readonly bucket: string;
  readonly key: string;
  readonly text: string;
  /** Make the bucket where there is none, kept by so many servers. */
  readonly create: boolean;
  readonly replicas: number;
}

/** Resolves with the revision that the key has now. Rejects with NatsFault. */
export async function putKey(target: Target, { bucket, key, text, create, replicas }: KvPut, settings: LinkSettings): Promise<number> {
  const client = await openAny(target, settings);
  try {
    const { views } = client.jetstream({ apiPrefix: jetStreamApi(target) });
    const kv = await views.kv(bucket, create ? { history: HISTORY, replicas } : { bindOnly: true });
    return await kv.put(key, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NatsFault(`${bucket}/${key}: ${reason === NOBODY ? `there is no bucket ${bucket}, or JetStream is off` : reason}`);
  } finally {
    await client.close();
  }
}
