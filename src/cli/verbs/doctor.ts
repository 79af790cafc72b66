/** `gatehouse doctor`: looks at an installation from where it is called, and says what is wrong and what to do. */
import type { Command } from 'commander';
import { EXIT } from '../failure.js';
import type { Colour, Paint } from '../output/terminal.js';
import { visible } from '../output/visible.js';
import type { Shell } from '../shell.js';
import { addVerb, show, type JsonOption } from '../verb.js';
import { CHECKS, runCheck, type Finding } from './doctor_checks.js';

const MARKS: Readonly<Record<Finding['status'], readonly [mark: string, colour: Colour]>> = {
  ok: ['ok     ', 'green'],
  warning: ['warning', 'yellow'],
  failed: ['failed ', 'red'],
  skipped: ['skipped', 'dim'],
};

function findingText(finding: Finding, paint: Paint): string {
  const [mark, colour] = MARKS[finding.status];
  const line = `${paint(colour, mark)}  ${visible(finding.check)}: ${visible(finding.detail)}`;
  return finding.hint === undefined ? line : `${line}\n         ${paint('dim', visible(finding.hint))}`;
}

export function addDoctor(program: Command, shell: Shell): void {
  addVerb(program, {
    usage: 'doctor',
    summary: 'Check configuration, credentials, discovery, keys, clock, readiness and schema',
    details: 'Changes nothing. Exit code 1 when something failed; warnings do not count.',
    examples: ['gatehouse doctor', 'gatehouse doctor --json'],
  }).action(async (options: JsonOption) => {
    const findings: Finding[] = [];
    for (const [name, check] of CHECKS) findings.push(...(await runCheck(name, check, shell)));
    const healthy = findings.every((finding) => finding.status !== 'failed');
    show(shell, options, { healthy, findings }, () =>
      findings.map((finding) => findingText(finding, shell.terminal.paint)).join('\n'),
    );
    if (!healthy) shell.setExitCode(EXIT.failed);
  });
}
