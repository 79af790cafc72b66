/** Runs one command line and turns however it ends into an exit code. Knows nothing of verbs. */
import { CommanderError } from 'commander';
import { CliFailure, EXIT, usageFailure } from './failure.js';
import { failureJson, failureText } from './output/failure_text.js';
import { createProgram } from './program.js';
import type { Shell } from './shell.js';

/** Commander's codes for what was asked for and given: help and version. */
const ASKED_FOR = new Set(['commander.helpDisplayed', 'commander.version']);

/**
 * @param args the words after the program's name
 * @returns the exit code
 */
export async function run(args: readonly string[], shell: Omit<Shell, 'setExitCode'>): Promise<number> {
  let exitCode: number = EXIT.done;
  const whole: Shell = { ...shell, setExitCode: (code) => (exitCode = code) };
  try {
    await createProgram(whole).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && ASKED_FOR.has(error.code)) return EXIT.done;
    // `gatehouse` or `gatehouse apis` alone: commander printed the help to stderr already.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
    const failure = failureOf(error, args);
    const isJson = args.includes('--json');
    shell.terminal.err(isJson ? failureJson(failure) : failureText(failure, shell.terminal.paintErr));
    return failure.exitCode;
  }
}

function failureOf(error: unknown, args: readonly string[]): CliFailure {
  if (error instanceof CliFailure) return error;
  if (error instanceof CommanderError) {
    const [sentence = '', ...suggestions] = error.message.replace(/^error: /, '').split('\n');
    const near = suggestions.join(' ').trim();
    return usageFailure(sentence, near === '' ? helpFor(args) : near.replace(/^\(|\)$/g, ''));
  }
  // A fault of this program. The message of an unknown error may hold anything, so its name has to do.
  const name = error instanceof Error ? error.name : typeof error;
  return new CliFailure(`gatehouse failed in a way that was not foreseen (${name})`, {
    code: 'unexpected',
    hint: 'please report it, with the command and without its secrets',
    cause: error,
  });
}

/** The words before the first option name the verb. */
function helpFor(args: readonly string[]): string {
  const verbs = ['gatehouse', ...args.slice(0, 2).filter((word) => /^[a-z][a-z-]*$/.test(word))];
  return `see \`${verbs.join(' ')} --help\``;
}
