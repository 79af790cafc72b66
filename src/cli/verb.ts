/**
 * The form that every verb has: a line that says what it does, `--json`, examples in its help.
 * Knows nothing of any particular verb.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { jsonText } from './output/visible.js';
import type { Shell } from './shell.js';

export interface VerbSpec {
  /** The name and its arguments, such as `create <uri>`. */
  readonly usage: string;
  readonly summary: string;
  /** More than the summary says; shown in help and in docs/cli.md. */
  readonly details?: string;
  readonly examples: readonly string[];
  /** False for verbs whose output is no data. */
  readonly json?: boolean;
}

export interface JsonOption {
  readonly json?: boolean;
}

interface Notes {
  readonly details: string | undefined;
  readonly examples: readonly string[];
}
const notes = new WeakMap<Command, Notes>();

/** Details and examples of a verb or group, for docs/cli.md. */
export function notesOf(command: Command): Notes {
  return notes.get(command) ?? { details: undefined, examples: [] };
}

/** Adds a verb below `parent`; its options and action are added by the caller. */
export function addVerb(parent: Command, spec: VerbSpec): Command {
  const command = parent.command(spec.usage).summary(spec.summary);
  describe(command, spec);
  if (spec.json !== false) command.option('--json', 'print one JSON document');
  return command;
}

/** Adds a noun whose verbs stand below it. */
export function addGroup(
  parent: Command,
  name: string,
  summary: string,
  examples: readonly string[],
): Command {
  const command = parent.command(name).summary(summary).helpCommand(false);
  describe(command, { summary, examples });
  return command;
}

function describe(command: Command, spec: Pick<VerbSpec, 'summary' | 'details' | 'examples'>): void {
  const { summary, details, examples } = spec;
  command.description(details === undefined ? `${summary}.` : `${summary}.\n\n${details}`);
  command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`);
  notes.set(command, { details, examples });
}

/** For options that may be given several times. */
export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** A repeatable option whose values are one of a closed set. */
export function collectOf(
  choices: readonly string[],
): (value: string, previous: string[] | undefined) => string[] {
  return (value, previous) => {
    if (!choices.includes(value))
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
    return collect(value, previous);
  };
}

/** A whole number within bounds. */
export function whole(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most)
      throw new InvalidArgumentError(`Use a whole number from ${least} to ${most}.`);
    return number;
  };
}

/** An option with a closed set of values. */
export function choice(flags: string, description: string, values: readonly string[]): Option {
  return new Option(flags, description).choices(values);
}

/** Words separated by spaces or commas, each once. */
export function words(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => text.split(/[\s,]+/)).filter((word) => word !== ''))];
}

/** Prints an answer: as it came with `--json`, else as text. */
export function show(shell: Shell, options: JsonOption, value: unknown, text: () => string): void {
  shell.terminal.out(options.json === true ? jsonText(value) : text());
}
