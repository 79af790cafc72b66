/** Where the master key comes from: the environment, or a file that the first embedded start makes. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/schema.js';
import { GatehouseError } from '../errors.js';

const FILE = 'master.key';

/**
 * @returns 32 bytes
 * @throws GatehouseError when there is none and none may be made, or the file is not a key
 */
export function masterKey(settings: Settings): Buffer {
  if (settings.masterKey !== undefined) return Buffer.from(settings.masterKey, 'base64');
  const path = join(settings.keysDir, FILE);
  if (existsSync(path)) return readKey(path);
  if (settings.databaseUrl !== undefined) {
    throw new GatehouseError(
      'server_error',
      `With DATABASE_URL a master key must be given: set GATEHOUSE_MASTER_KEY (32 bytes, base64) or put it in ${path}. It is never made silently, because every node needs the same one.`,
    );
  }
  // A database without its key can never be read again; a new key would only hide that.
  if (existsSync(join(settings.dataDir, 'db'))) {
    throw new GatehouseError(
      'server_error',
      `The embedded database in ${settings.dataDir} was made under a master key, and ${path} is gone. Restore it or set GATEHOUSE_MASTER_KEY.`,
    );
  }
  try {
    mkdirSync(settings.keysDir, { recursive: true, mode: 0o700 });
    writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new GatehouseError('server_error', `The master key cannot be written to ${path}.`, { cause });
  }
  return readKey(path);
}

function readKey(path: string): Buffer {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatehouseError('server_error', `The master key in ${path} cannot be read.`, { cause });
  }
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== 32) {
    throw new GatehouseError('server_error', `${path} does not hold a master key of 32 bytes in base64.`);
  }
  return key;
}
