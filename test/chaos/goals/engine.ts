/** A real engine that is killed, and a managed plugin that is disabled, killed and enabled. */
import { Site } from '../../support/e2e-site.ts';
import { dockerdKills, pluginRestarts } from '../../support/e2e-restarts.ts';
import { atEnd } from '../clean-up.ts';
import type { Figures, Run } from '../goal.ts';

export async function engineRestarts({ isFull }: Run): Promise<Figures> {
  const rounds = isFull ? 20 : 2;
  const site = await Site.openAlone();
  atEnd(() => site[Symbol.asyncDispose]());
  const killed = await dockerdKills(rounds, site);
  const restarted = await pluginRestarts(rounds, site);
  const both = [killed, restarted];
  const sum = (of: (each: typeof killed) => number): number => both.reduce((total, each) => total + of(each), 0);
  return {
    lost: sum(({ lost }) => lost), reordered: sum(({ reordered }) => reordered), left: sum(({ left }) => left.length),
    lines: sum(({ written }) => written), dockerd_kills: rounds, plugin_restarts: rounds,
  };
}
