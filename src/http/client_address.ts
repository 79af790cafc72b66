/**
 * Whose request it is when proxies stand in between. `X-Forwarded-For` grows to the right: each proxy appends the
 * address that it saw, so what lies left of the first address that is no proxy of ours may have been made up.
 */
import { isIP } from 'node:net';
import { normalAddress, type NetworkSet } from '../lib/networks.js';

/** More proxies in a row than this are a mistake or an attack. */
const MAX_HOPS = 32;

/**
 * The address of the caller.
 * @param peer the other end of the connection, in normal form, which is a trusted proxy
 * @param forwardedFor the X-Forwarded-For header
 * @returns the rightmost address that is no trusted proxy; the last one known when an entry is no address or all are proxies
 */
export function callerAddress(peer: string, forwardedFor: string, trusted: NetworkSet): string {
  let caller = peer;
  let end = forwardedFor.length;
  for (let hop = 0; hop < MAX_HOPS && end > 0; hop += 1) {
    const comma = forwardedFor.lastIndexOf(',', end - 1);
    const address = normalAddress(withoutPort(forwardedFor.slice(comma + 1, end).trim()));
    if (address === undefined) return caller;
    caller = address;
    if (!trusted.contains(address)) return caller;
    end = comma;
  }
  return caller;
}

/** Some proxies append the port: 192.0.2.1:4711, [2001:db8::1]:4711. */
function withoutPort(entry: string): string {
  if (entry.startsWith('[')) {
    const close = entry.indexOf(']');
    return close === -1 ? entry : entry.slice(1, close);
  }
  const colon = entry.indexOf(':');
  return colon !== -1 && isIP(entry) === 0 ? entry.slice(0, colon) : entry;
}
