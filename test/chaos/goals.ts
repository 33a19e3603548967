/** The figures that the driver promises, each measured by doing what it is about. */
import { ACCOUNTED, NO_LOSS } from './books.ts';
import type { Goal } from './goal.ts';
import { everyReason, fullDisk } from './goals/accounts.ts';
import { restart, starts, stops, stopsAnywhere } from './goals/calls.ts';
import { hungNode, replicas } from './goals/cluster.ts';
import { fairness, many } from './goals/crowd.ts';
import { engineRestarts } from './goals/engine.ts';
import { bothKills, driverKills } from './goals/kills.ts';
import { outage, slowLink } from './goals/outage.ts';

/** A limit that only the long form measures. */
const inFull = <T extends object>(isFull: boolean, limit: T): T | object => isFull ? limit : {};

export const goals = (isFull: boolean): readonly Goal[] => [
  { id: 'G1', title: 'kill -9 of the driver, JetStream', limit: { ...NO_LOSS, twice: 0, reordered: 0 }, run: driverKills },
  { id: 'G2', title: 'kill -9 of driver and server, JetStream', limit: { ...NO_LOSS, twice: 0 }, run: bothKills },
  { id: 'G3', title: 'NATS away', limit: { ...NO_LOSS, rss_mib: 150, slowest_write_ms: 50, 'min drain_factor': 3 }, run: outage },
  {
    id: 'G4', title: 'StopLogging with NATS up, down, hung, silent, and a full journal', run: stops,
    limit: { p99_ms: 100, max_ms: 1000, lost: 0, unaccounted: 0, ...inFull(isFull, { docker_stop_more_ms: 300 }) },
  },
  { id: 'G5', title: 'stops in every state of the catalogue', limit: { over_5_s: 0, stop_max_ms: 1000, lost: 0, unaccounted: 0 }, run: stopsAnywhere },
  { id: 'G6', title: 'StartLogging', limit: { up_p99_ms: 50, down_p99_ms: 100 }, run: starts },
  { id: 'G7', title: 'start with sessions and a backlog', limit: { ...NO_LOSS, accept_ms: 300 }, run: restart },
  { id: 'G8', title: 'a node hangs', limit: { ...NO_LOSS, failover_s: 15 }, run: hungNode },
  { id: 'G9', title: 'a replicated stream under step-downs and kills', limit: { ...NO_LOSS, twice: 0 }, run: replicas },
  {
    id: 'G10', title: '1,000 containers', run: many, limit: {
      ...NO_LOSS, reordered: 0, rss_mib: 160, latency_p99_ms: 250,
      ...inFull(isFull, { idle_lost: 0, idle_unaccounted: 0, idle_rss_mib: 350, idle_cpu_percent: 2 }),
    },
  },
  { id: 'G11', title: 'one container floods, fifty are quiet', limit: { ...ACCOUNTED, quiet_p99_ms: 500 }, run: fairness },
  { id: 'G15', title: 'the disk is full', limit: { ...ACCOUNTED, untold: 0, on_full_disk: 0, heal_s: 10 }, run: fullDisk },
  { id: 'G16', title: 'a link of 1 Mbit/s', limit: { ...NO_LOSS, stale_disconnects: 0, slope_mib_per_minute: 1, 'min waiting': 1 }, run: slowLink },
  { id: 'G17', title: 'the accounting identity, with losses for every reason', limit: { ...ACCOUNTED, misattributed: 0, untold: 0 }, run: everyReason },
  { id: 'G24', title: 'kill -9 of dockerd, restarts of the plugin', limit: { lost: 0, reordered: 0, left: 0 }, run: engineRestarts },
];
