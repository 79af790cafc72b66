/** Generates docs/cli.md from the command tree, so that the two cannot differ. */
import type { Command } from 'commander';
import { flatten, treeOf, type OptionNode, type VerbNode } from './tree.js';

const INTRODUCTION = `# The command line

Generated from src/cli by \`gatehouse docs\`; do not edit.

Inside the repository the command is \`npx gatehouse\`. Each verb has \`--help\` with the same text as this page, and every
verb that has an answer takes \`--json\`: one JSON document on stdout, and for a failure one on stderr
(\`{"error": {"code", "message", "status", "errors", "requestId", "hint"}}\`).

## Where it finds the server

Verbs that administer read \`admin.json\` (\`{issuer, adminUrl, clientId, clientSecret}\`), which the server writes on its
first start: in \`$GATEHOUSE_DATA_DIR\` (\`.gatehouse\`), or wherever \`GATEHOUSE_ADMIN_FILE\` says. Each verb asks for a token
with just the scopes that it needs, and for all that the client may do only where it changes who may administer Gatehouse.
To let a job or a colleague use the CLI, register a client with grants on \`urn:gatehouse:admin\` and write such a file with
its id and secret.

\`token\`, \`introspect\` and \`revoke\` speak to the public plane as any client does, and need no \`admin.json\`.

| variable | what it does |
|---|---|
| \`GATEHOUSE_ADMIN_FILE\` | the file with the address and credentials of the administrator |
| \`GATEHOUSE_DATA_DIR\` | where \`admin.json\` is looked for otherwise |
| \`GATEHOUSE_ISSUER\` | the issuer when there is neither \`--issuer\` nor \`admin.json\` |
| \`GATEHOUSE_CLIENT_ID\`, \`GATEHOUSE_CLIENT_SECRET\` | credentials of \`token\`, \`introspect\` and \`revoke\`, where other users of the machine cannot see them |
| \`NODE_EXTRA_CA_CERTS\` | the PEM file of an authority of your own |
| \`NO_COLOR\` | no colours, even on a terminal |

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | refused or failed |
| 2 | wrong usage; for \`apply --dry-run --exit-code\` also: something would change |

Durations are \`7d\`, \`12h\`, \`30m\`, \`45s\`, combinations such as \`1h30m\`, or seconds. Dates are ISO 8601.

`;

const cell = (text: string): string => text.replaceAll('|', '\\|');
/** Outside of code, angle brackets would be taken for HTML. */
const prose = (text: string): string => text.replace(/<([a-zA-Z]+)>/g, '&lt;$1&gt;');

function optionRow(option: OptionNode): string {
  const notes = [
    ...(option.mandatory ? ['required'] : []),
    ...(option.choices.length > 0 ? [option.choices.join(', ')] : []),
    ...(option.defaultText === undefined ? [] : [`default ${option.defaultText}`]),
  ];
  const note = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return `| \`${cell(option.flags)}\` | ${cell(prose(option.description + note))} |`;
}

function section(node: VerbNode): string {
  const command = node.path.join(' ');
  const usage = [command, ...node.arguments.map(({ usage: text }) => text)].join(' ');
  const parts = [`### ${command}`, `${prose(node.summary)}.`, ['```', usage, '```'].join('\n')];
  if (node.details !== undefined) parts.push(prose(node.details));
  if (node.options.length > 0)
    parts.push(['| option | what it does |', '|---|---|', ...node.options.map(optionRow)].join('\n'));
  parts.push(['```sh', ...node.examples, '```'].join('\n'));
  return parts.join('\n\n');
}

/** The text of docs/cli.md. */
export function cliDocument(program: Command): string {
  const verbs = flatten(treeOf(program)).filter((node) => node.children.length === 0);
  const contents = verbs.map((node) => {
    const command = node.path.join(' ');
    return `- [\`${command}\`](#${command.replaceAll(' ', '-')}): ${prose(node.summary)}`;
  });
  return `${INTRODUCTION}## Verbs\n\n${contents.join('\n')}\n\n${verbs.map(section).join('\n\n')}\n`;
}
