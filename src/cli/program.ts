/** The whole command tree. Lists the verbs; knows nothing of what they do. */
import { Command } from 'commander';
import { packageVersion } from '../lib/package_root.js';
import type { Shell } from './shell.js';
import { addApis } from './verbs/apis.js';
import { addApply, addExport } from './verbs/apply.js';
import { addAudit } from './verbs/audit.js';
import { addClients } from './verbs/clients.js';
import { addDoctor } from './verbs/doctor.js';
import { addCompletion, addDocs } from './verbs/generate.js';
import { addIntrospect, addRevoke } from './verbs/introspect.js';
import { addKeys } from './verbs/keys.js';
import { addRevocations } from './verbs/revocations.js';
import { addAdmin, addMigrate, addServe } from './verbs/server.js';
import { addToken } from './verbs/token.js';

const EXAMPLES = `
Examples:
  $ gatehouse apis create urn:shop:inventory --scope inventory:read --scope "inventory:write=Change stock"
  $ gatehouse clients create orders --api urn:shop:inventory --scope inventory:read
  $ gatehouse token --client-id <id> --client-secret <secret> --api urn:shop:inventory
  $ gatehouse apply -f gatehouse.yaml --dry-run

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.`;

/** Verbs report by throwing CliFailure; wrong usage is thrown as commander's CommanderError. */
export function createProgram(shell: Shell): Command {
  const program = new Command('gatehouse')
    .description('Register services, grant who may call whom, fetch and check tokens, and run the server.')
    .version(packageVersion)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shell.terminal.out(text.replace(/\n$/, '')),
      writeErr: (text) => shell.terminal.err(text.replace(/\n$/, '')),
      // Wrong usage is shown where every other failure is.
      outputError: () => undefined,
    })
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
  addServe(program, shell);
  addMigrate(program, shell);
  addApis(program, shell);
  addClients(program, shell);
  addToken(program, shell);
  addIntrospect(program, shell);
  addRevoke(program, shell);
  addKeys(program, shell);
  addRevocations(program, shell);
  addApply(program, shell);
  addExport(program, shell);
  addAudit(program, shell);
  addDoctor(program, shell);
  addAdmin(program, shell);
  addCompletion(program, shell);
  addDocs(program, shell);
  return program;
}
