/**
 * TLS by files: reading, checking and reloading them. Owns the options of TLS; knows nothing of what is served.
 * Client certificates are requested, never required, and only when authorities for them are configured: a browser that
 * meets the request asks its user to choose one.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import { GatehouseError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import { certificatesOf, ClientAuthorities } from './client_certificate.js';

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string | undefined;
}

const POLL_MS = 1000;
const HANDSHAKE_TIMEOUT_MS = 10_000;

function readPem(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatehouseError('server_error', `the ${what} ${path} cannot be read${codeOf(cause)}`, { cause });
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';

/**
 * Reads the authorities of clients.
 * @throws GatehouseError `server_error` with a sentence that names the file
 */
export function loadClientAuthorities(path: string): ClientAuthorities {
  return new ClientAuthorities(readAuthorities(path).certificates);
}

/**
 * The same, kept current while the file changes.
 * @returns reads the authorities of the moment
 */
export function followClientAuthorities(path: string, logger: Logger): () => ClientAuthorities {
  let authorities = loadClientAuthorities(path);
  watchFiles([path], logger, () => {
    authorities = loadClientAuthorities(path);
  });
  return () => authorities;
}

function readAuthorities(path: string): { pem: string; certificates: X509Certificate[] } {
  const pem = readPem(path, 'file of client authorities');
  let certificates: X509Certificate[];
  try {
    certificates = certificatesOf(pem);
  } catch (cause) {
    throw new GatehouseError('server_error', `the file of client authorities ${path} is damaged`, { cause });
  }
  // Node would take an empty list for "the public authorities", and let anyone with a public certificate in.
  if (certificates.length === 0) {
    throw new GatehouseError('server_error', `the file of client authorities ${path} holds no certificate`);
  }
  return { pem, certificates };
}

/**
 * The secure context that the files make, checked as a whole.
 * @throws GatehouseError `server_error` with a sentence that names the file
 */
function loadContext(files: TlsFiles): SecureContextOptions {
  const cert = readPem(files.certFile, 'certificate');
  const key = readPem(files.keyFile, 'private key');
  try {
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('mismatch');
  } catch (cause) {
    const message = `the certificate ${files.certFile} and the private key ${files.keyFile} do not fit together`;
    throw new GatehouseError('server_error', message, { cause });
  }
  const ca = files.clientCaFile === undefined ? {} : { ca: readAuthorities(files.clientCaFile).pem };
  const context: SecureContextOptions = { cert, key, minVersion: 'TLSv1.2', honorCipherOrder: true, ...ca };
  try {
    createSecureContext(context);
  } catch (cause) {
    throw new GatehouseError('server_error', `the certificate ${files.certFile} cannot be used`, { cause });
  }
  return context;
}

/** Options for an https server. @throws GatehouseError `server_error` with a sentence that names the file */
export function loadTls(files: TlsFiles): TlsOptions {
  return {
    ...loadContext(files),
    requestCert: files.clientCaFile !== undefined,
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ALPNProtocols: ['http/1.1'],
  };
}

/** Looks at the files once a second and gives the server new ones; bad new ones are logged and the old ones stay. */
export function watchTls(server: Server, files: TlsFiles, logger: Logger): () => void {
  const paths = [
    files.certFile,
    files.keyFile,
    ...(files.clientCaFile === undefined ? [] : [files.clientCaFile]),
  ];
  return watchFiles(paths, logger, () => {
    server.setSecureContext(loadContext(files));
    logger.info({ 'file.path': files.certFile }, 'TLS files reloaded');
  });
}

/**
 * Calls `reload` when one of the files has changed since this was called. What it throws is logged.
 * @returns stops watching
 */
export function watchFiles(paths: readonly string[], logger: Logger, reload: () => void): () => void {
  let known: string | undefined;
  let looking = false;
  const look = async (): Promise<void> => {
    const stamp = (await Promise.all(paths.map(stampOf))).join();
    const changed = known !== undefined && known !== stamp;
    known = stamp;
    if (!changed) return;
    try {
      reload();
    } catch (error) {
      logger.error({ error }, 'new TLS files cannot be used; the old ones stay in use');
    }
  };
  const tick = (): void => {
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  };
  tick();
  const timer = setInterval(tick, POLL_MS).unref();
  return () => clearInterval(timer);
}

async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs}:${size}:${ino}`;
  } catch {
    return 'missing';
  }
}
