/**
 * What the engine tells about a container when its log starts: the `Info` of LogDriver.StartLogging, names verbatim.
 * Source: moby daemon/logger/loginfo.go.
 */

/** Objects of strings; those made here have no prototype, so that a key such as `__proto__` is a key like any other. */
export type StringRecord = Readonly<Record<string, string>>;

export interface EngineInfo {
  /** The log options. */
  readonly Config: StringRecord;
  /** 64 hexadecimal digits, never empty. */
  readonly ContainerID: string;
  /** With a leading slash. */
  readonly ContainerName: string;
  readonly ContainerEntrypoint: string;
  readonly ContainerArgs: readonly string[];
  /** `sha256:…` */
  readonly ContainerImageID: string;
  /** As the user typed it. */
  readonly ContainerImageName: string;
  /** RFC 3339 with up to nine decimals, UTC. */
  readonly ContainerCreated: string;
  /** `NAME=value`; an entry without `=` is possible. */
  readonly ContainerEnv: readonly string[];
  readonly ContainerLabels: StringRecord;
  /** Empty for a plugin. */
  readonly LogPath: string;
  readonly DaemonName: string;
}

const SHORT_ID_LENGTH = 12;
/** In bytes; of the engine's IDs, twice over. It is part of every message. */
const MAX_ID_BYTES = 128;
/** Of a name in an error, in characters. */
const SHOWN_CHARACTERS = 64;

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function wrong(field: string, wanted: string, value: unknown): Error {
  return new Error(`container info, ${field}: expected ${wanted}, got ${kindOf(value)}`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textFrom(value: unknown, field: string): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') throw wrong(field, 'a string', value);
  return value;
}

function listFrom(value: unknown, field: string): readonly string[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw wrong(field, 'an array of strings', value);
  return value.map((item: unknown, index) => textFrom(item, `${field}[${index}]`));
}

function recordFrom(value: unknown, field: string): StringRecord {
  const record: Record<string, string> = Object.create(null);
  if (value === null || value === undefined) return record;
  if (!isObject(value)) throw wrong(field, 'an object of strings', value);
  for (const [key, entry] of Object.entries(value)) record[key] = textFrom(entry, `${field}[${JSON.stringify(key.slice(0, SHOWN_CHARACTERS))}]`);
  return record;
}

/** Reads what JSON.parse made of the request. What is missing or null is empty; throws an Error on a wrong type. */
export function parseEngineInfo(value: unknown): EngineInfo {
  if (!isObject(value)) throw new Error(`container info: expected an object, got ${kindOf(value)}`);
  const fields = new Map<string, unknown>(Object.entries(value));
  const text = (field: string): string => textFrom(fields.get(field), field);
  const id = text('ContainerID');
  if (id === '') throw new Error('container info, ContainerID: expected the full ID of the container, got nothing');
  const bytes = Buffer.byteLength(id);
  if (bytes > MAX_ID_BYTES) throw new Error(`container info, ContainerID: expected the full ID of the container, at most ${MAX_ID_BYTES} bytes, got ${bytes}`);
  return {
    Config: recordFrom(fields.get('Config'), 'Config'),
    ContainerID: id,
    ContainerName: text('ContainerName'),
    ContainerEntrypoint: text('ContainerEntrypoint'),
    ContainerArgs: listFrom(fields.get('ContainerArgs'), 'ContainerArgs'),
    ContainerImageID: text('ContainerImageID'),
    ContainerImageName: text('ContainerImageName'),
    ContainerCreated: text('ContainerCreated'),
    ContainerEnv: listFrom(fields.get('ContainerEnv'), 'ContainerEnv'),
    ContainerLabels: recordFrom(fields.get('ContainerLabels'), 'ContainerLabels'),
    LogPath: text('LogPath'),
    DaemonName: text('DaemonName'),
  };
}

export function shortId(info: EngineInfo): string {
  return info.ContainerID.slice(0, SHORT_ID_LENGTH);
}

/** Without the slash that the engine puts in front. */
export function name(info: EngineInfo): string {
  return info.ContainerName.startsWith('/') ? info.ContainerName.slice(1) : info.ContainerName;
}

/** Twelve characters behind the algorithm, as engines from 29.4.1 on; older ones cut `sha256:7cfbb`. */
export function imageId(info: EngineInfo): string {
  const digest = info.ContainerImageID.slice(info.ContainerImageID.indexOf(':') + 1);
  return digest.slice(0, SHORT_ID_LENGTH);
}

/** Entrypoint and arguments, joined by blanks. */
export function command(info: EngineInfo): string {
  return [info.ContainerEntrypoint, ...info.ContainerArgs].join(' ');
}
