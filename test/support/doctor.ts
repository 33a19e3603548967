/** What `nats-log-driver doctor` has found. */
import type { ExecutionContext } from 'ava';
import type { FindingId } from '../../src/cli/doctor/finding.ts';
import { runCommand, type CommandRun } from './command-run.ts';

interface Finding { readonly part: string; readonly id?: string; readonly check: string; readonly result: string; readonly detail: string; readonly remedy?: string }

export class Diagnosis {
  readonly findings: readonly Finding[];
  readonly #test: ExecutionContext;

  constructor(t: ExecutionContext, { out, err, code }: CommandRun) {
    t.is(err, '');
    const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: readonly Finding[] };
    this.#test = t;
    this.findings = findings;
    t.is(code, ok ? 0 : 1);
    t.is(ok, findings.every(({ result }) => result !== 'failed'));
    for (const { id, result, remedy } of findings) if (result === 'failed') t.truthy(remedy, `${id} says what to do`);
  }

  /** It is there, once at least, and the test that provokes it says so in its title. */
  finds(id: FindingId, result: 'warning' | 'failed', detail: RegExp, remedy = /^/): void {
    const t = this.#test;
    t.regex(t.title, new RegExp(`\\b${id}\\b.*: `));
    const found = this.findings.find((each) => each.id === id && detail.test(each.detail));
    t.is(found?.result, result, `${id}: ${JSON.stringify(this.findings, null, 1)}`);
    t.regex(found?.remedy ?? '', remedy);
  }

  /** The worst that was said of it is this. */
  says(check: string, result: 'ok' | 'skipped' | undefined, detail = /^/): void {
    const t = this.#test;
    const found = this.findings.filter((each) => each.check === check);
    t.deepEqual([...new Set(found.map((each) => each.result))], result === undefined ? [] : [result], JSON.stringify(found));
    if (found.length > 0) t.true(found.some((each) => detail.test(each.detail)), `${String(detail)}: ${JSON.stringify(found)}`);
  }
}

/** Without an engine, unless `env` names one; `NATS_SUBJECT` is logs.web. */
export async function examine(t: ExecutionContext, env: NodeJS.ProcessEnv, args: readonly string[] = []): Promise<Diagnosis> {
  return new Diagnosis(t, await runCommand(['doctor', '--json', '--log-opt', 'nats-subject=logs.web', ...args], env));
}
