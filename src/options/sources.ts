/** The layers that do not come from a file: schema defaults, the environment, log-opts. */
import { readLayer, type Layer, type LayerReading, type RawEntry } from './layers.ts';
import { nearestOption } from './nearest.ts';
import type { Problem } from './option-error.ts';
import { environmentName, isAllowedIn, optionSchemas } from './schema.ts';

export const DEFAULT_ORIGIN = 'default';

export function defaultLayer(): Layer {
  const values = new Map([...optionSchemas].flatMap(([name, schema]) =>
    schema.default === undefined ? [] : [[name, { value: Object.freeze(schema.default), origin: DEFAULT_ORIGIN }] as const]));
  return { kind: 'default', values };
}

const environmentOptions: ReadonlyMap<string, string> = new Map(
  [...optionSchemas].filter(([, schema]) => isAllowedIn('environment', schema)).map(([name]) => [environmentName(name), name]),
);

/** Docker ships the empty ones too: empty is not set. `whose`: stands before the variable in its origin. */
export function environmentLayer(env: NodeJS.ProcessEnv, whose = 'plugin setting'): LayerReading {
  return readLayer('environment', [...environmentOptions].map(([variable, name]): RawEntry =>
    ({ name, value: env[variable] ?? '', origin: `${whose} ${variable}` })));
}

/** More would only hide the first ones. */
const LISTED_WARNINGS = 20;

/** Variables that look like settings of ours and are none; others are not our business. */
export function environmentWarnings(env: NodeJS.ProcessEnv): readonly string[] {
  const unknown = Object.keys(env).filter((variable) => variable.startsWith('NATS_') && !environmentOptions.has(variable));
  return unknown.slice(0, LISTED_WARNINGS).map((variable) => {
    const meant = nearestOption(variable, 'environment');
    return `${variable}: unknown plugin setting${meant === undefined ? '' : `, did you mean ${environmentName(meant)}?`}`;
  });
}

/** Anybody who may start a container sets these, and each session keeps them. */
const MAX_LOG_OPT_BYTES = 4096;
export const LOG_OPT_ORIGIN = 'log-opt';

/** An option can only be given bare here, as `--log-opt nats-tls-skip-verify`: the schema says what that stands for. */
export function logOptLayer(logOpts: Readonly<Record<string, string>>): LayerReading {
  const [fitting, tooLong] = [new Array<RawEntry>(), new Array<Problem>()];
  for (const [name, text] of Object.entries(logOpts)) {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_LOG_OPT_BYTES) {
      const wanted = `expected at most ${MAX_LOG_OPT_BYTES} bytes`;
      tooLong.push({ option: name, wanted, value: `${bytes} bytes`, origin: LOG_OPT_ORIGIN });
    } else {
      fitting.push({ name, value: text === '' ? optionSchemas.get(name)?.['x-empty'] ?? '' : text, origin: LOG_OPT_ORIGIN });
    }
  }
  const { layer, problems } = readLayer('log-opt', fitting);
  return { layer, problems: [...tooLong, ...problems] };
}
