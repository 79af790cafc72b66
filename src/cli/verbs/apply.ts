/** `gatehouse apply` and `gatehouse export`: the configuration as a file. */
import type { Command } from 'commander';
import { CliFailure, EXIT, usageFailure } from '../failure.js';
import { planText } from '../output/plan_text.js';
import { AdminClient } from '../remote/admin_client.js';
import { readInput, type Shell } from '../shell.js';
import { addVerb, show, type JsonOption } from '../verb.js';
import { applyShape, exportShape } from '../wire.js';
import { parseYamlMapping, yamlText } from '../yaml_document.js';
import { CredentialsFile, issueSecrets } from './issued_secrets.js';

interface ApplyOptions extends JsonOption {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly exitCode?: boolean;
  readonly issueSecrets?: string;
}

/** The server's own default limit of a document. */
const DOCUMENT_BYTES = 134_217_728;
const EXPORT_BYTES = 536_870_912;
/** A document of 100,000 clients takes its time. */
const TIMEOUT_MS = 600_000;

const DETAILS = `Creates and updates what the file names, all or nothing; deletes what it does not name with --prune only. APIs are
matched by audience, clients by clientId or else by name. The grants of a client in the file become exactly those of the file.
The schema of the file is at /admin/v1/schema/apply.json of the admin port.

Exit codes: 0 done (or no drift), 1 refused, 2 wrong usage; with --dry-run --exit-code also 2 when something would change.`;

export function addApply(program: Command, shell: Shell): void {
  addVerb(program, {
    usage: 'apply',
    summary: 'Make APIs, clients and grants as a YAML file says, and show the difference',
    details: DETAILS,
    examples: [
      'gatehouse apply -f gatehouse.yaml --dry-run',
      'gatehouse apply -f gatehouse.yaml --prune --issue-secrets new-clients.json',
      'gatehouse apply -f gatehouse.yaml --dry-run --prune --exit-code   # for a job that detects drift',
      'gatehouse export | gatehouse apply -f - --dry-run',
    ],
  })
    .requiredOption('-f, --file <file>', 'the file, or - for stdin')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--prune', 'delete the APIs and clients that the file does not name')
    .option('--exit-code', 'with --dry-run: exit 2 when something would change')
    .option(
      '--issue-secrets <file>',
      'write the credentials of newly created clients that use a secret to a new file (JSON, mode 0600)',
    )
    .action(async (options: ApplyOptions) => {
      await apply(shell, options);
    });
}

async function apply(shell: Shell, options: ApplyOptions): Promise<void> {
  const dryRun = options.dryRun === true;
  if (dryRun && options.issueSecrets !== undefined)
    throw usageFailure('--dry-run and --issue-secrets exclude each other');
  const name = options.file === '-' ? 'stdin' : options.file;
  const document = parseYamlMapping(await readInput(shell, options.file, DOCUMENT_BYTES), name);
  const scopes = dryRun ? ['config:read'] : ['config:write'];
  const issuing = options.issueSecrets === undefined ? [] : ['clients:read', 'clients:write'];
  const admin = new AdminClient(shell, [...scopes, ...issuing]);
  // Opened first, so that nothing is created whose secret could not be kept.
  const file = options.issueSecrets === undefined ? undefined : new CredentialsFile(options.issueSecrets);
  const request = { document, dryRun, prune: options.prune === true };
  const result = await admin
    .call(applyShape, {
      method: 'POST',
      path: '/apply',
      body: request,
      timeoutMs: TIMEOUT_MS,
      limit: EXPORT_BYTES,
    })
    .catch((error: unknown) => {
      file?.discard();
      throw error instanceof CliFailure ? located(error, document) : error;
    });
  if (file !== undefined) await issueSecrets(admin, file, result.plan.changes);
  show(shell, options, result, () => planText(result.plan, result.applied, shell.terminal.paint));
  if (dryRun && options.exitCode === true && result.plan.changes.length > 0) shell.setExitCode(EXIT.drift);
}

/** Says beside each fault which API or client it is about: `/clients/17` alone helps nobody. */
function located(failure: CliFailure, document: Record<string, unknown>): CliFailure {
  const faults = failure.faults.map(({ pointer, message }) => {
    const [, list, index] = /^(?:\/document)?\/(apis|clients)\/(\d+)/.exec(pointer) ?? [];
    const items = list === undefined ? undefined : document[list];
    const item: unknown = Array.isArray(items) ? items[Number(index)] : undefined;
    if (typeof item !== 'object' || item === null) return { pointer, message };
    const { audience, name } = item as Record<string, unknown>;
    const who = [audience, name].find((value) => typeof value === 'string');
    return { pointer, message: who === undefined ? message : `${message} (${who})` };
  });
  const { exitCode, code, hint, status, requestId } = failure;
  return new CliFailure(failure.message, {
    exitCode,
    code,
    hint,
    status,
    requestId,
    faults,
    cause: failure.cause,
  });
}

export function addExport(program: Command, shell: Shell): void {
  addVerb(program, {
    usage: 'export',
    summary: 'Print APIs, clients and grants as a YAML file that apply accepts, without secrets',
    examples: ['gatehouse export > gatehouse.yaml', 'gatehouse export --json'],
  }).action(async (options: JsonOption) => {
    const admin = new AdminClient(shell, ['config:read']);
    const { document } = await admin.call(exportShape, {
      method: 'GET',
      path: '/export',
      timeoutMs: TIMEOUT_MS,
      limit: EXPORT_BYTES,
    });
    const comment =
      ' Exported by `gatehouse export`; `gatehouse apply -f FILE` takes it back. Holds no secrets.';
    show(shell, options, document, () => yamlText(document, comment).trimEnd());
  });
}
