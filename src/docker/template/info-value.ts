/** The value that a tag template starts from: moby's *logger.Info with its fields and methods. Source: moby daemon/logger/loginfo.go. */
import type { EngineInfo, StringRecord } from '../container-info.ts';
import { command, imageId, name, shortId } from '../container-info.ts';
import { extraAttributes } from '../extra-attributes.ts';
import { toBytes } from './bytes.ts';
import { CallError } from './errors.ts';
import { ZERO_TIME, parseRfc3339 } from './time.ts';
import type { Callable, CallContext, InfoValue, MapValue, Value } from './values.ts';
import { string, stringMap, strings, time } from './values.ts';

function text(value: string): Value {
  return string(toBytes(value));
}

function map(entries: Iterable<readonly [string, string]>): MapValue {
  return stringMap(Array.from(entries, ([key, entry]) => [toBytes(key), toBytes(entry)] as const));
}

function record(value: StringRecord): MapValue {
  return map(Object.entries(value));
}

function created(value: string): Value {
  const parsed = value === '' ? ZERO_TIME : parseRfc3339(value);
  if (parsed === undefined) throw new CallError(`ContainerCreated: expected an RFC 3339 time, got ${JSON.stringify(value)}`);
  return time(parsed);
}

/** Computed when first asked for; the info does not change while a template runs. */
function lazy<T>(compute: () => T): () => T {
  let known: { value: T } | undefined;
  return () => (known ??= { value: compute() }).value;
}

function attributes(info: EngineInfo): MapValue {
  const option = (key: string): string => info.Config[key] ?? '';
  const selection = {
    labels: option('labels'), 'labels-regex': option('labels-regex'), env: option('env'), 'env-regex': option('env-regex'),
  };
  try {
    return map(extraAttributes(info, selection));
  } catch (error) {
    throw new CallError(error instanceof Error ? error.message : String(error));
  }
}

function getter(compute: () => Value): Callable {
  return { parameters: [], call: compute };
}

function methodsOf(info: EngineInfo, hostname: string): [string, Callable][] {
  const selected = lazy(() => attributes(info));
  const extra = (_args: readonly Value[], context: CallContext): Value => {
    context.spend(info.ContainerEnv.length + Object.keys(info.ContainerLabels).length);
    return selected();
  };
  return [
    ['ID', getter(() => text(shortId(info)))],
    ['FullID', getter(() => text(info.ContainerID))],
    ['Name', getter(() => text(name(info)))],
    ['ImageID', getter(() => text(imageId(info)))],
    ['ImageFullID', getter(() => text(info.ContainerImageID))],
    ['ImageName', getter(() => text(info.ContainerImageName))],
    ['Command', getter(() => text(command(info)))],
    ['Hostname', getter(() => text(hostname))],
    ['ExtraAttributes', { parameters: ['func(string) string'], call: extra }],
  ];
}

export function infoValue(info: EngineInfo, hostname: string): InfoValue {
  const fields: [string, () => Value][] = [
    ['Config', () => record(info.Config)],
    ['ContainerID', () => text(info.ContainerID)],
    ['ContainerName', () => text(info.ContainerName)],
    ['ContainerEntrypoint', () => text(info.ContainerEntrypoint)],
    ['ContainerArgs', () => strings(info.ContainerArgs.map(toBytes))],
    ['ContainerImageID', () => text(info.ContainerImageID)],
    ['ContainerImageName', () => text(info.ContainerImageName)],
    ['ContainerCreated', () => created(info.ContainerCreated)],
    ['ContainerEnv', () => strings(info.ContainerEnv.map(toBytes))],
    ['ContainerLabels', () => record(info.ContainerLabels)],
    ['LogPath', () => text(info.LogPath)],
    ['DaemonName', () => text(info.DaemonName)],
  ];
  return {
    kind: 'info',
    type: '*logger.Info',
    fields: new Map(fields.map(([field, compute]) => [field, lazy(compute)])),
    methods: new Map(methodsOf(info, hostname)),
  };
}
