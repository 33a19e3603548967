/**
 * The lines that are fed: `n=` and the line's number within its container, `t=` and the microsecond of its writing on the machine's
 * monotonic clock, then something like an access log. Numbers have a fixed width, to be changed in place by tools/tool.h.
 */
import { hostname } from 'node:os';
import type { EngineInfo } from '../test/support/info.ts';
import { SAMPLE_INFO } from '../test/support/info.ts';

const HEAD = `n=${'0'.repeat(9)} t=${'0'.repeat(15)} `;
const FILLER = '10.4.7.19 - - "GET /api/v1/orders/7f3c91?limit=20 HTTP/1.1" 200 5321 0.018 ';
/** For tools/receiver.c. */
export const SUBJECT_PREFIX = 'bench.c';

/** Line 0 at time 0. */
export function blankLine(bytes: number): string {
  return (HEAD + FILLER.repeat(Math.ceil(bytes / FILLER.length))).slice(0, bytes);
}

/** Line `number` at time 0. */
export function numberedLine(bytes: number, number: number): string {
  return blankLine(bytes).replace(/\d+/, (zeros) => String(number).padStart(zeros.length, '0'));
}

export function subjectOf(container: number): string {
  return `${SUBJECT_PREFIX}${container}`;
}

export function infoOf(container: number): EngineInfo {
  const ContainerID = container.toString(16).padStart(64, 'a');
  return { ...SAMPLE_INFO, ContainerID, ContainerName: `/web-${container}`, Config: { 'nats-subject': subjectOf(container) } };
}

/** What has to be published of line 0 at time 0. */
export function expectedMessage(info: EngineInfo, lineBytes: number): string {
  return JSON.stringify({
    container_id: info.ContainerID,
    container_name: info.ContainerName.slice(1),
    image_id: info.ContainerImageID,
    image_name: info.ContainerImageName,
    hostname: hostname(),
    tag: info.ContainerID.slice(0, 12),
    time: '1970-01-01T00:00:00.000000000Z',
    text: blankLine(lineBytes),
    source: 'stdout',
  });
}
