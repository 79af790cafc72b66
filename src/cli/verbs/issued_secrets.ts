/**
 * The credentials of clients that an apply created. Owns the file: it exists before anything is created, holds every
 * secret from the moment that it was made, and is valid JSON at the end even when something fails on the way.
 */
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { errorCode } from '../error_code.js';
import { CliFailure, usageFailure } from '../failure.js';
import { path, type AdminClient } from '../remote/admin_client.js';
import { clientShape, type PlanChange } from '../wire.js';
import { z } from 'zod';

const issuedShape = z.looseObject({ clientSecret: z.string() });

export class CredentialsFile {
  readonly path: string;
  readonly #descriptor: number;
  #count = 0;

  /** @throws CliFailure (wrong usage) when the file exists already or cannot be made */
  constructor(path: string) {
    this.path = path;
    try {
      this.#descriptor = openSync(path, 'wx', 0o600);
    } catch (error) {
      const code = errorCode(error, 'failed');
      throw code === 'EEXIST'
        ? usageFailure(
            `${path} exists already`,
            'credentials are never overwritten: move the file away first',
          )
        : usageFailure(`${path} cannot be written (${code})`);
    }
  }

  begin(issuer: string): void {
    writeSync(this.#descriptor, `{\n  "issuer": ${JSON.stringify(issuer)},\n  "clients": [`);
  }

  add(entry: { readonly clientId: string; readonly name: string; readonly clientSecret: string }): void {
    writeSync(this.#descriptor, `${this.#count === 0 ? '' : ','}\n    ${JSON.stringify(entry)}`);
    this.#count += 1;
  }

  end(): void {
    writeSync(this.#descriptor, this.#count === 0 ? ']\n}\n' : '\n  ]\n}\n');
    closeSync(this.#descriptor);
  }

  /** For an apply that was refused: nothing was created, nothing is to be kept. */
  discard(): void {
    closeSync(this.#descriptor);
    unlinkSync(this.path);
  }
}

/** Asks the client itself: a plan leaves out what is as by default. */
async function usesSecret(admin: AdminClient, clientId: string): Promise<boolean> {
  const client = await admin.call(clientShape, { method: 'GET', path: path`/clients/${clientId}` });
  return client.authMethods.some((method) => method.startsWith('client_secret_'));
}

/** Makes a secret for each client that was created and authenticates by one. */
export async function issueSecrets(
  admin: AdminClient,
  file: CredentialsFile,
  changes: readonly PlanChange[],
): Promise<void> {
  const created = changes.filter((change) => change.kind === 'client' && change.action === 'create');
  file.begin(admin.file.issuer);
  try {
    for (const change of created) {
      if (!(await usesSecret(admin, change.id))) continue;
      const { clientSecret } = await admin.call(issuedShape, {
        method: 'POST',
        path: path`/clients/${change.id}/secrets`,
        body: { name: 'apply' },
        create: true,
      });
      file.add({ clientId: change.id, name: change.name ?? change.id, clientSecret });
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    throw new CliFailure(`the document was applied, but not every new client got its secret: ${reason}`, {
      code: 'secrets_incomplete',
      hint: `${file.path} holds those that were made; \`gatehouse clients rotate-secret <clientId>\` makes the others`,
      cause: error,
    });
  } finally {
    file.end();
  }
}
