/** admin.json: the credentials of the first administrator, for the operator alone. */
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../config/schema.js';
import { GatehouseError } from '../errors.js';

/** Written whole, synced and renamed into place, mode 0600. @throws GatehouseError naming the path */
export async function writeAdminFile(
  settings: Settings,
  credentials: { readonly clientId: string; readonly clientSecret: string },
): Promise<void> {
  const path = join(settings.dataDir, 'admin.json');
  const scheme = settings.adminTlsCertFile === undefined ? 'http' : 'https';
  const host = settings.adminHost.includes(':') ? `[${settings.adminHost}]` : settings.adminHost;
  const adminUrl = settings.adminUrl ?? `${scheme}://${host}:${settings.adminPort}`;
  const text = `${JSON.stringify({ issuer: settings.issuer, adminUrl, ...credentials }, null, 2)}\n`;
  try {
    await mkdir(settings.dataDir, { recursive: true, mode: 0o700 });
    const temporary = `${path}.${process.pid}.tmp`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    throw new GatehouseError(
      'server_error',
      `The credentials of the administrator cannot be written to ${path}.`,
      { cause },
    );
  }
}
