/** The command tree as plain data: what completion scripts and docs/cli.md are made from. */
import type { Argument, Command, Option } from 'commander';
import { notesOf } from './verb.js';

export interface OptionNode {
  readonly long: string;
  readonly short: string | undefined;
  /** As in help: `--api <uri>`. */
  readonly flags: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** True when the value is a path, so that a shell can complete it. */
  readonly takesFile: boolean;
  readonly choices: readonly string[];
  readonly defaultText: string | undefined;
  readonly mandatory: boolean;
}

export interface VerbNode {
  /** From the program's name on: `['gatehouse', 'apis', 'create']`. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly details: string | undefined;
  readonly examples: readonly string[];
  readonly arguments: readonly { readonly usage: string; readonly choices: readonly string[] }[];
  readonly options: readonly OptionNode[];
  readonly children: readonly VerbNode[];
}

const argumentUsage = (argument: Argument): string =>
  argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;

function optionNode(option: Option): OptionNode {
  // Commander types a default as anything.
  const standard: unknown = option.defaultValue;
  return {
    long: option.long ?? option.flags,
    short: option.short,
    flags: option.flags,
    description: option.description,
    takesValue: option.required || option.optional,
    takesFile: /[<[](file|directory)[\]>]/.test(option.flags),
    choices: option.argChoices ?? [],
    defaultText:
      option.defaultValueDescription ??
      (typeof standard === 'string' || typeof standard === 'number' ? String(standard) : undefined),
    mandatory: option.mandatory,
  };
}

/** The node of a command and everything below it. */
export function treeOf(command: Command, above: readonly string[] = []): VerbNode {
  const path = [...above, command.name()];
  const { details, examples } = notesOf(command);
  return {
    path,
    summary: command.summary(),
    details,
    examples,
    arguments: command.registeredArguments.map((argument) => ({
      usage: argumentUsage(argument),
      choices: argument.argChoices ?? [],
    })),
    options: command.options.map(optionNode),
    children: command.commands.map((child) => treeOf(child, path)),
  };
}

/** All nodes, each before those below it. */
export function flatten(node: VerbNode): VerbNode[] {
  return [node, ...node.children.flatMap(flatten)];
}
