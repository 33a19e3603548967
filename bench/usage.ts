/** What a process has used, as the kernel counts it. Source: proc(5). */
import { readFileSync } from 'node:fs';

/** `CLK_TCK` of every Linux that runs JavaScript. */
const TICKS_PER_SECOND = 100;
/** Fields 14 and 15; the first two, of which the second may hold blanks, are cut off. */
const UTIME = 14 - 3;

/** User and system time of all its threads, in microseconds. */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME]) + Number(fields[UTIME + 1])) * 1e6 / TICKS_PER_SECOND;
}

/** The most memory that it has had, in MiB. */
export function peakMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** What all processors have spent on anything at all, in microseconds. */
export function machineMicros(): number {
  const fields = (readFileSync('/proc/stat', 'latin1').split('\n')[0] ?? '').split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return (user + nice + system + irq + softirq + steal) * 1e6 / TICKS_PER_SECOND;
}
