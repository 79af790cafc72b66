/**
 * Fetches a document from an address that others chose (a client's jwks_uri). Owns every limit of that: which networks
 * it may reach, time and size. Knows nothing of what the document means.
 */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import http, { type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { GatehouseError } from '../errors.js';
import { isPublicAddress, type NetworkSet } from './networks.js';

export type ResolveAll = (host: string) => Promise<readonly LookupAddress[]>;

export interface FetchOptions {
  /** Private or loopback ranges that may be reached all the same, also over plain http. */
  readonly allowedPrivate: NetworkSet;
  /** For everything together: name, connection, answer. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** The Accept header. */
  readonly accept: string;
  /** Resolves a name to all of its addresses; the system's resolver by default. */
  readonly resolve?: ResolveAll;
  /** Authorities to trust instead of the system's, in PEM. */
  readonly ca?: string;
}

export interface FetchedDocument {
  readonly body: Buffer;
  readonly headers: IncomingHttpHeaders;
}

const systemResolve: ResolveAll = (host) =>
  new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses);
    });
  });

/** The cause is kept for the log; the caller learns only that it did not work. */
function refused(detail: string, cause?: unknown): GatehouseError {
  const options = cause === undefined ? { detail } : { detail, cause };
  return new GatehouseError('temporarily_unavailable', 'a document could not be fetched', options);
}

/**
 * Fetches with GET and answers a document of status 200. No redirect is followed, no compression accepted, no proxy
 * used. Only public addresses over https are reached, and what lies in `allowedPrivate`; a name counts as the worst of
 * all of its addresses, and the connection goes to an address that was checked, so that a name cannot change in between.
 * @throws GatehouseError `temporarily_unavailable` with the reason as private detail
 */
export async function fetchDocument(url: string, options: FetchOptions): Promise<FetchedDocument> {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target?.protocol !== 'https:' && target?.protocol !== 'http:') throw refused('not an http(s) URL');
  if (target.username !== '' || target.password !== '') throw refused('the URL carries credentials');
  const signal = AbortSignal.timeout(options.timeoutMs);
  try {
    const addresses = await checkedAddresses(target, options, signal);
    const response = await connect(target, addresses, options, signal);
    return { body: await readBody(response, options.maxBytes), headers: response.headers };
  } catch (error) {
    if (error instanceof GatehouseError) throw error;
    if (signal.aborted) throw refused(`${target.host} took longer than ${options.timeoutMs} ms`);
    throw refused(`${target.host} cannot be reached`, error);
  }
}

/** Every address of the host, each of which may be reached; the WHATWG URL parser already turned 0x7f.1 into 127.0.0.1. */
async function checkedAddresses(
  target: URL,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<readonly LookupAddress[]> {
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  const resolve = options.resolve ?? systemResolve;
  const addresses = family === 0 ? await abortable(resolve(host), signal) : [{ address: host, family }];
  if (addresses.length === 0) throw refused(`${host} has no address`);
  for (const { address } of addresses) {
    if (options.allowedPrivate.contains(address)) continue;
    if (!isPublicAddress(address)) throw refused(`${host} has the private address ${address}`);
    if (target.protocol !== 'https:') throw refused(`${host} is not reached over https`);
  }
  return addresses;
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    work.then(resolve, reject);
  });
}

function connect(
  target: URL,
  addresses: readonly LookupAddress[],
  options: FetchOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request: RequestOptions = {
    method: 'GET',
    headers: { accept: options.accept, 'accept-encoding': 'identity', 'user-agent': 'gatehouse' },
    agent: false,
    lookup: pinned(addresses),
    maxHeaderSize: 16_384,
    signal,
  };
  return new Promise((resolve, reject) => {
    const sent =
      target.protocol === 'https:'
        ? https.request(target, { ...request, ...(options.ca === undefined ? {} : { ca: options.ca }) })
        : http.request(target, request);
    sent.once('response', resolve).on('error', reject).end();
  });
}

/** A lookup that answers what was checked and asks nobody again. */
function pinned(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, lookupOptions, callback) => {
    const [first] = addresses;
    if (lookupOptions.all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  };
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = response.headers['content-encoding'] ?? 'identity';
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    if (response.statusCode !== 200) throw refused(`the answer had status ${response.statusCode ?? 0}`);
    if (encoding !== 'identity') throw refused('the answer was compressed, which was not asked for');
    if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    response.destroy();
  }
}

const tooLarge = (maxBytes: number): GatehouseError => refused(`the answer is larger than ${maxBytes} bytes`);
