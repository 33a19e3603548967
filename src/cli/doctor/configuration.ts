/** Whether a container would start with the options, and which ways the lines of containers may take. */
import { hostname } from 'node:os';
import { serverName } from '../../core/target.ts';
import { OptionError } from '../../options/option-error.ts';
import { relocateTexts } from '../../options/relocation.ts';
import { planSession, type PlannedOutput } from '../../plan.ts';
import { settingsUnder } from '../check-rules.ts';
import { parseLogOpts, SAMPLE_INFO } from '../sample.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Finding } from './finding.ts';

/** Where lines of some containers go. */
export interface Way {
  /** `output audit, config.yaml:3:5 (rule 1)` */
  readonly title: string;
  readonly output: PlannedOutput;
}

export interface Configured {
  /** Each once; the first is that of the sample container. None: its options are refused. */
  readonly ways: readonly Way[];
  readonly findings: readonly Finding[];
}

export function checkConfiguration({ settings, error, source, pathOf, missingBucket }: Surroundings, logOpts: readonly string[]): Configured {
  const file = settings.file === undefined ? 'no YAML file' : `with ${settings.file}`;
  const findings: Finding[] = [{ check: 'source', result: 'ok', detail: `settings of ${source}` }];
  if (error !== undefined) findings.push({ id: 'settings-refused', check: 'settings', result: 'failed', detail: error.message, remedy: 'no container can be started until this is corrected; see: nats-log-driver check' });
  else findings.push({ check: 'settings', result: 'ok', detail: `valid, ${file}` });
  for (const detail of settings.warnings) findings.push({ id: 'settings-unknown-name', check: 'settings', result: 'warning', detail, remedy: 'correct the name, or take it away' });
  if (missingBucket !== undefined) findings.push({ id: 'bucket-unknown', check: 'settings', result: 'warning', detail: `${missingBucket}: the state folder holds no document of this bucket`, remedy: `has the driver ever reached it? See nats-log-driver status, and: nats kv get ${missingBucket.replace('/', ' ')}` });
  if (error !== undefined) return { ways: [], findings };
  const info = { ...SAMPLE_INFO, Config: relocateTexts(parseLogOpts(logOpts), pathOf) };
  const ways = new Map<string, Way>();
  const add = (title: string, output: PlannedOutput): void => {
    const { target, subject, transport, stream } = output;
    const key = JSON.stringify([target, subject, transport, stream]);
    if (!ways.has(key)) ways.set(key, { title, output });
  };
  try {
    const plan = planSession(settings, info, hostname());
    add('', plan);
    for (const output of plan.further) add(`output ${output.name}`, output);
    findings.push({ check: 'options', result: 'ok', detail: `the sample container publishes to ${plan.subject}` });
    for (const detail of plan.resolved.warnings) findings.push({ id: 'options-warning', check: 'options', result: 'warning', detail });
  } catch (refusal) {
    if (!(refusal instanceof OptionError)) throw refusal;
    findings.push({ id: 'options-refused', check: 'options', result: 'failed', detail: refusal.message, remedy: 'a container with these options is refused; see: nats-log-driver explain' });
  }
  for (const rule of settings.rules) {
    try {
      const plan = planSession(settingsUnder(rule, settings), info, hostname());
      add(rule.origin, plan);
      for (const output of plan.further) add(`output ${output.name}, ${rule.origin}`, output);
    } catch (refusal) {
      if (!(refusal instanceof OptionError)) throw refusal;
      findings.push({ id: 'rule-refused', check: 'rule', result: 'warning', detail: `${rule.origin}: ${refusal.message}`, remedy: 'the sample container is refused under this rule; one that it is for, as a file, shows more: nats-log-driver explain --info' });
    }
  }
  const further = [...ways.values()].filter(({ title }) => title !== '');
  findings.push(...further.map(({ title, output }): Finding => ({ check: 'output', result: 'ok', detail: `${title}: ${output.subject} at ${output.target.servers.map(serverName).join(', ')}` })));
  return { ways: [...ways.values()], findings };
}
