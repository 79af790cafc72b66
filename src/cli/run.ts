/** Runs one command line and turns however it ends into an exit code. Knows nothing of verbs. */
import { CommanderError, type Command } from 'commander';
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
  const program = createProgram(whole);
  try {
    await program.parseAsync(operandsLast(args), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && ASKED_FOR.has(error.code)) return EXIT.done;
    // `gatehouse` or `gatehouse apis` alone: commander printed the help to stderr already.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
    const failure = failureOf(error, program, args);
    const isJson = args.includes('--json');
    shell.terminal.err(isJson ? failureJson(failure) : failureText(failure, shell.terminal.paintErr));
    return failure.exitCode;
  }
}

/** The key id of `keys revoke`: an RFC 7638 thumbprint in base64url, of which one in 64 begins with a hyphen. */
const KEY_ID = /^-[A-Za-z0-9_-]{42}$/;

/** Such a key id is no option: it goes behind `--`, because in an emergency nobody should have to know that. */
function operandsLast(args: readonly string[]): readonly string[] {
  const [noun, verb, ...rest] = args;
  const id = rest.find((word) => KEY_ID.test(word));
  if (noun !== 'keys' || verb !== 'revoke' || id === undefined || rest.includes('--')) return args;
  return [noun, verb, ...rest.filter((word) => word !== id), '--', id];
}

function failureOf(error: unknown, program: Command, args: readonly string[]): CliFailure {
  if (error instanceof CliFailure) return error;
  if (error instanceof CommanderError) {
    const [sentence = '', ...suggestions] = error.message.replace(/^error: /, '').split('\n');
    const near = suggestions.join(' ').trim();
    return usageFailure(sentence, near === '' ? helpFor(program, args) : near.replace(/^\(|\)$/g, ''));
  }
  // A fault of this program. The message of an unknown error may hold anything, so its name and place have to do.
  const [name, place] =
    error instanceof Error
      ? [error.name, /\n\s+(at .+)/.exec(error.stack ?? '')?.[1] ?? '']
      : [typeof error, ''];
  return new CliFailure(`gatehouse failed in a way that was not foreseen (${name} ${place})`, {
    code: 'unexpected',
    hint: 'please report it, with the command and without its secrets',
    cause: error,
  });
}

/** The nearest command that exists. */
function helpFor(program: Command, args: readonly string[]): string {
  const path = [program.name()];
  let at: Command | undefined = program;
  for (const word of args) {
    at = at.commands.find((child) => child.name() === word);
    if (at === undefined) break;
    path.push(word);
  }
  return `see \`${path.join(' ')} --help\``;
}
