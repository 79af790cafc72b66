/** `gatehouse completion` and `gatehouse docs`: what is generated from the command tree. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import { configurationDocument } from '../../config/document.js';
import { packageRoot } from '../../lib/package_root.js';
import { bashCompletion } from '../completion/bash.js';
import { fishCompletion } from '../completion/fish.js';
import { zshCompletion } from '../completion/zsh.js';
import { cliDocument } from '../document.js';
import { errorCode } from '../error_code.js';
import { CliFailure } from '../failure.js';
import type { Shell } from '../shell.js';
import { treeOf } from '../tree.js';
import { addVerb, show, type JsonOption } from '../verb.js';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export function addCompletion(program: Command, shell: Shell): void {
  addVerb(program, {
    usage: 'completion',
    summary: 'Print a completion script for a shell',
    examples: [
      'source <(gatehouse completion bash)',
      'gatehouse completion zsh > "${fpath[1]}/_gatehouse"',
      'gatehouse completion fish > ~/.config/fish/completions/gatehouse.fish',
    ],
  })
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(Object.keys(SHELLS)))
    .action((name: keyof typeof SHELLS, options: JsonOption) => {
      const script = SHELLS[name](treeOf(program));
      show(shell, options, { shell: name, script }, () => script.trimEnd());
    });
}

export function addDocs(program: Command, shell: Shell): void {
  addVerb(program, {
    usage: 'docs',
    summary: 'Write docs/cli.md and docs/configuration.md anew from the program itself',
    examples: ['gatehouse docs', 'gatehouse docs --directory /tmp/docs'],
  })
    .option('--directory <directory>', 'where to write them (default: docs of this package)')
    .action((options: JsonOption & { directory?: string }) => {
      const texts = { 'cli.md': cliDocument(program), 'configuration.md': configurationDocument() };
      const files = Object.entries(texts).map(([name, text]) => {
        const file = join(options.directory ?? join(packageRoot, 'docs'), name);
        try {
          writeFileSync(file, text);
        } catch (error) {
          throw new CliFailure(`${file} cannot be written (${errorCode(error, 'failed')})`, { cause: error });
        }
        return file;
      });
      show(shell, options, { files }, () => files.map((file) => `wrote ${file}`).join('\n'));
    });
}
