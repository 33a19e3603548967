/** What the engine waits for: StartLogging, StopLogging, and a socket that is there again after a restart. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NATS_STATES, OUTPUTS, StopBench, type NatsState, type Output } from '../../support/e2e-stops.ts';
import { Engine } from '../../support/engine.ts';
import { provideBusybox } from '../../support/images.ts';
import { isAnswered } from '../../support/plugin-process.ts';
import { Bed, startProxy, startServer } from '../bed.ts';
import { closeBooks } from '../books.ts';
import { atEnd, cleanUp } from '../clean-up.ts';
import { percentile, round, type Figures, type Run } from '../goal.ts';
import { Scene, STATES, type State } from '../states.ts';

/** What dockerd may hold for a container that is being stopped: a megabyte of short lines. */
const BACKLOG_LINES = 6000;

/** A stop that somebody notices. */
const SLOW_MS = 1000;

interface Stopped {
  /** Of StopLogging alone, in milliseconds. */
  readonly calls: number[];
  /** With what the engine still has to write before. */
  readonly whole: number[];
  readonly lost: number;
  readonly unaccounted: number;
}

/** Stops that many containers in the state, then looks for their lines where the state ends again. */
async function stopIn(state: State, count: number): Promise<Stopped> {
  const scene = await Scene.enter(state, count);
  const { bed } = scene;
  const [calls, whole]: [number[], number[]] = [[], []];
  for (const { index, logger } of bed.containers.splice(0)) {
    const start = performance.now();
    await bed.feed.burst(index, BACKLOG_LINES);
    const call = performance.now();
    await logger.stopLogging();
    calls.push(performance.now() - call);
    whole.push(performance.now() - start);
    await bed.feed.close(index);
  }
  if (Math.max(...whole) > SLOW_MS) console.error(`chaos: NATS or the driver is ${state.name}: stops took ${whole.map(round).join(', ')} ms`);
  const { lost = 0, unaccounted = 0 } = await scene.heal();
  await cleanUp();
  return { calls, whole, lost, unaccounted };
}

async function stopInAll(states: readonly State[], count: number): Promise<Stopped> {
  const all: Stopped[] = [];
  for (const state of states) all.push(await stopIn(state, count));
  const sum = (of: (each: Stopped) => number): number => all.reduce((total, each) => total + of(each), 0);
  return { calls: all.flatMap(({ calls }) => calls), whole: all.flatMap(({ whole }) => whole), lost: sum(({ lost }) => lost), unaccounted: sum((each) => each.unaccounted) };
}

/** StopLogging with NATS up, down, hung and silent, and with a full journal. */
export async function stops({ isFull }: Run): Promise<Figures> {
  const { calls, whole, lost, unaccounted } = await stopInAll(STATES.filter(({ name }) => ['up', 'down', 'hung', 'silent', 'full'].includes(name)), 40);
  const figures = {
    p99_ms: round(percentile(calls, 0.99)), max_ms: round(Math.max(...calls)), with_backlog_max_ms: round(Math.max(...whole)), stops: calls.length, lost, unaccounted,
  };
  return isFull ? { ...figures, ...await engineStops() } : figures;
}

/** Every state of the catalogue. */
export async function stopsAnywhere({ isFull }: Run): Promise<Figures> {
  const { whole, lost, unaccounted } = await stopInAll(STATES, isFull ? 10 : 3);
  const over = (ms: number): number => whole.filter((time) => time > ms).length;
  return {
    over_5_s: over(5000), over_1_s: over(SLOW_MS), stop_p50_ms: round(percentile(whole, 0.5)), stop_max_ms: round(Math.max(...whole)),
    stops: whole.length, states: STATES.length, lost, unaccounted,
  };
}

/** `docker stop` of fifty containers in each of the five states, beside json-file in turn; every other one floods. */
async function engineStops(): Promise<Figures> {
  const rounds = 25;
  const engine = await Engine.start();
  atEnd(() => engine.stop());
  await provideBusybox(engine.docker);
  const bench = await StopBench.open(engine.docker);
  atEnd(() => bench[Symbol.asyncDispose]());
  const all: number[] = [];
  const more: number[] = [];
  for (const output of Object.keys(OUTPUTS) as Output[]) {
    const times: Record<'json-file' | NatsState, number[]> = { 'json-file': [], up: [], down: [], hung: [], silent: [], full: [] };
    for (let i = 0; i < rounds; i++) {
      times['json-file'].push(await bench.stopWith('json-file', output));
      for (const state of NATS_STATES) times[state].push(await bench.stop(output, state));
    }
    all.push(...NATS_STATES.flatMap((state) => times[state]));
    more.push(...NATS_STATES.map((state) => percentile(times[state], 0.5) - percentile(times['json-file'], 0.5)));
  }
  return { docker_stop_more_ms: round(Math.max(...more)), docker_stop_max_ms: round(Math.max(...all)), docker_stops: all.length };
}

export async function starts({ isFull }: Run): Promise<Figures> {
  const server = await startServer();
  const figures: Record<string, number> = {};
  for (const state of ['up', 'down']) {
    const proxy = await startProxy(server.port);
    if (state === 'up') await proxy.accept();
    const bed = await Bed.start(proxy.url);
    await bed.start(1);
    const times: number[] = [];
    for (const container of bed.prepare(isFull ? 5000 : 500)) {
      const before = performance.now();
      await bed.attach(container);
      times.push(performance.now() - before);
    }
    figures[`${state}_p99_ms`] = round(percentile(times, 0.99));
    figures[`${state}_max_ms`] = round(Math.max(...times));
  }
  return figures;
}

/** From exec to the first accepted connection, with sessions and a backlog on disk; then all of it is delivered. */
export async function restart({ isFull }: Run): Promise<Figures> {
  const server = await startServer();
  const proxy = await startProxy(server.port);
  const lineBytes = 1000;
  const bed = await Bed.start(proxy.url, { env: { NATS_BUFFER_DISK_SIZE: '8g' }, lineBytes });
  const [sessions, backlog] = isFull ? [1000, 2 ** 30] : [200, 2 ** 26];
  await bed.start(sessions);
  for (const { index } of bed.containers) await bed.feed.burst(index, Math.ceil(backlog / sessions / lineBytes));
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    await bed.plugin.kill();
    const before = performance.now();
    bed.plugin.spawnAgain();
    while (!await isAnswered(bed.plugin.socket)) await sleep(1);
    times.push(performance.now() - before);
  }
  await bed.subscribe(server.url);
  await proxy.accept();
  const books = await closeBooks(bed, { wasKilled: true });
  return { ...books, accept_ms: round(percentile(times, 0.5)), slowest_accept_ms: round(Math.max(...times)), sessions };
}
