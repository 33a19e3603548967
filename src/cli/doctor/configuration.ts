/** Whether a container would start with the options. */
import { hostname } from 'node:os';
import { OptionError } from '../../options/option-error.ts';
import { readSettings, type Settings } from '../../options/resolve.ts';
import { planSession, type Plan } from '../../plan.ts';
import { parseLogOpts, SAMPLE_INFO } from '../sample.ts';
import type { Finding } from './finding.ts';

export interface Configured {
  readonly settings: Settings;
  /** undefined: the options are refused. */
  readonly plan: Plan | undefined;
  readonly findings: readonly Finding[];
}

export function checkConfiguration(env: NodeJS.ProcessEnv, logOpts: readonly string[]): Configured {
  const { settings, error } = readSettings(env);
  const source = settings.file === undefined ? 'no YAML file' : `with ${settings.file}`;
  const remarks = settings.warnings.map((detail): Finding => ({ check: 'settings', result: 'warning', detail, remedy: 'correct the name, or take it away' }));
  if (error !== undefined) {
    const refused: Finding = { check: 'settings', result: 'failed', detail: error.message, remedy: 'no container can be started until this is corrected; see: nats-log-driver check' };
    return { settings, plan: undefined, findings: [refused, ...remarks] };
  }
  const settingsFinding: Finding = { check: 'settings', result: 'ok', detail: `valid, ${source}` };
  try {
    const plan = planSession(settings, { ...SAMPLE_INFO, Config: parseLogOpts(logOpts) }, hostname());
    const warnings = plan.resolved.warnings.map((detail): Finding => ({ check: 'options', result: 'warning', detail }));
    return { settings, plan, findings: [settingsFinding, ...remarks, { check: 'options', result: 'ok', detail: `the sample container publishes to ${plan.subject}` }, ...warnings] };
  } catch (refusal) {
    if (!(refusal instanceof OptionError)) throw refusal;
    const refused: Finding = { check: 'options', result: 'failed', detail: refusal.message, remedy: 'a container with these options is refused; see: nats-log-driver explain' };
    return { settings, plan: undefined, findings: [settingsFinding, ...remarks, refused] };
  }
}
