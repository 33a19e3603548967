/**
 * Which labels and environment variables of a container go along with its lines: the log options labels, labels-regex,
 * env, env-regex. Source: moby daemon/logger/loginfo.go, ExtraAttributes.
 */
import { RE2JS } from 're2js';
import type { EngineInfo, StringRecord } from './container-info.ts';

/** The options as given; an empty one is not set. */
export interface AttributeSelection {
  readonly labels: string;
  readonly 'labels-regex': string;
  readonly env: string;
  readonly 'env-regex': string;
}

/** Go's own regular expressions: linear time, no look-around, no back-references. */
function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`expected a regular expression (RE2), got ${JSON.stringify(pattern)}: ${reason}`, { cause: error });
  }
}

/** The keys in the list's order, then those that match, sorted. The list is split at commas and not trimmed. */
function selectedKeys(known: StringRecord, list: string, pattern: RE2JS | undefined): string[] {
  const listed = list === '' ? [] : list.split(',').filter((key) => Object.hasOwn(known, key));
  const matching = pattern === undefined ? [] : Object.keys(known).filter((key) => pattern.test(key));
  return [...listed, ...matching.sort()];
}

/** Entries without `=` are left out; the last of two with one name counts. */
function environment(entries: readonly string[]): StringRecord {
  const record: Record<string, string> = Object.create(null);
  for (const entry of entries) {
    const at = entry.indexOf('=');
    if (at >= 0) record[entry.slice(0, at)] = entry.slice(at + 1);
  }
  return record;
}

/** Labels that the options choose, in that order: listed, matching. Throws an Error on a bad expression. */
export function chosenLabels({ ContainerLabels }: EngineInfo, selection: AttributeSelection): ReadonlyMap<string, string> {
  return choose(ContainerLabels, selection.labels, selection['labels-regex']);
}

/** Environment variables that the options choose, in that order: listed, matching. Throws an Error on a bad expression. */
export function chosenVariables({ ContainerEnv }: EngineInfo, selection: AttributeSelection): ReadonlyMap<string, string> {
  return choose(environment(ContainerEnv), selection.env, selection['env-regex']);
}

/** Labels, then variables; a variable overwrites a label of the same name and keeps its place. Throws an Error. */
export function extraAttributes(info: EngineInfo, selection: AttributeSelection): ReadonlyMap<string, string> {
  return new Map([...chosenLabels(info, selection), ...chosenVariables(info, selection)]);
}

function choose(known: StringRecord, list: string, pattern: string): ReadonlyMap<string, string> {
  const keys = selectedKeys(known, list, pattern === '' ? undefined : compile(pattern));
  return new Map(keys.map((key) => [key, known[key] ?? '']));
}
