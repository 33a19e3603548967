/** The figures of all rounds, in memory and in a file. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Figures } from './figures.ts';

/** Scenario, system, one entry a round. */
export type Results = Record<string, Record<string, Figures[]>>;

export function add(results: Results, scenario: string, system: string, figures: Figures): void {
  ((results[scenario] ??= {})[system] ??= []).push(figures);
}

/** Left to right. */
const ORDER = ['ours', 'memory', 'go', 'c', 'plain'];

/** All systems that have figures. */
export function systemsOf(results: Results): string[] {
  const found = new Set(Object.values(results).flatMap((perSystem) => Object.keys(perSystem)));
  return [...ORDER.filter((name) => found.delete(name)), ...found];
}

/** What earlier runs have left there: none where there is no file. */
export function readResults(file: string): Results {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Results : {};
}

export function writeResults(file: string, results: Results): void {
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
}
