/** Prometheus's own judgement. */
import { spawnSync } from 'node:child_process';

/** What `promtool` says against `input`, or against the files named by `args`; empty: nothing. */
export function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync('promtool', [...args], { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return status === 0 && stderr === '' ? '' : `exit code ${status}\n${stdout}${stderr}`;
}

export interface PromSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of a text that promtool has accepted. */
export function samplesOf(text: string): PromSample[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const [, name = '', labels = '', value = ''] = /^([a-z_:0-9]+)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']): [string, string] => [key, text]);
    return { name, labels: Object.fromEntries(pairs), value: value === '+Inf' ? Infinity : Number(value) };
  });
}

/** The one sample of that name whose labels include those given. */
export function sampleOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const found = samplesOf(text).filter((sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value));
  if (found.length > 1) throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)}`);
  return found[0]?.value;
}
