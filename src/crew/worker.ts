/** A worker: a driver of its own, for its part of the sessions, in a thread of its own. What the process has once is with the main thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { Log } from '../core/log.ts';
import type { StopViewing, Viewer } from '../core/viewer.ts';
import { Driver } from '../driver.ts';
import { SessionRecords } from '../journal/session-records.ts';
import { SharedBytes } from '../journal/shared-bytes.ts';
import { Channel, type Port } from './channel.ts';
import type { MainFunctions, WorkerFunctions, WorkerSettings } from './contract.ts';
import { FollowedConfiguration } from './followed-configuration.ts';
import { workerOf } from './spread.ts';

/** Requests for room that come so close together are one. */
const PRESS_MS = 10;

/** Serves the main thread for as long as the process lives. */
export function work(): void {
  if (parentPort === null) throw new Error('this is no worker');
  serve(parentPort, workerData as WorkerSettings);
}

function serve(port: Port, { index, count, hostname, state, endedInOrder, configuration: snapshot, disk, memory }: WorkerSettings): void {
  const stops = new Map<number, StopViewing>();
  const functions: WorkerFunctions = {
    ready: () => undefined,
    configure: (changed) => configuration.take(changed),
    startLogging: (file, info) => driver.startLogging(file, info),
    stopLogging: (file) => driver.stopLogging(file),
    restore: () => driver.restore(),
    status: () => driver.status(),
    tail: (session, viewer) => {
      const stop = driver.tail(session, viewerOf(viewer));
      if (stop !== undefined) stops.set(viewer, stop);
      return stop !== undefined;
    },
    endTail: (viewer) => {
      stops.get(viewer)?.();
      stops.delete(viewer);
    },
    giveWay: () => driver.giveWay(),
    close: (ms) => driver.close(ms),
  };
  const main = new Channel<MainFunctions>(port, functions);
  const log = new Log({
    write: (line) => {
      main.tell('log', line);
      return true;
    },
  });
  log.events.listen((event) => main.tell('event', event));
  const configuration = new FollowedConfiguration(snapshot, log);
  let pressing: NodeJS.Timeout | undefined;
  const press = (): void => {
    pressing ??= setTimeout(() => {
      pressing = undefined;
      main.tell('press');
    }, PRESS_MS);
  };
  const driver = new Driver({
    configuration, hostname, log, endedInOrder,
    records: state === undefined ? undefined : new SessionRecords(state, snapshot.settings.options['nats-buffer-sync']),
    part: {
      isMine: (key) => workerOf(key, count) === index,
      sharing: { disk: { bytes: new SharedBytes(disk, index), press }, memory: { bytes: new SharedBytes(memory, index), press } },
    },
  });
  // The error itself ends this thread, and with it the process.
  process.on('uncaughtExceptionMonitor', () => driver.blame());

  function viewerOf(viewer: number): Viewer {
    return {
      line: (source, text) => main.tell('line', viewer, source, text),
      skipped: (lines) => main.tell('skipped', viewer, lines),
      ended: () => {
        stops.delete(viewer);
        main.tell('ended', viewer);
      },
    };
  }
}
