/** Network addresses: sets of CIDR ranges, the network that an address belongs to, and which addresses are public. */
import { isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * An address in its one normal form: IPv4-mapped IPv6 as IPv4, IPv6 compressed and in lower case, no zone.
 * Undefined when the text is no address. Octal and shortened IPv4 forms are no addresses here.
 */
export function normalAddress(text: string): string | undefined {
  const address = parse(text);
  return address?.toString();
}

function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const zone = text.indexOf('%');
  const bare = zone === -1 ? text : text.slice(0, zone);
  // isIP is strict where ipaddr.js also takes 010.1, which the system would read as another address.
  return isIP(bare) === 0 ? undefined : ipaddr.process(bare);
}

/** Whether a text is a range such as 10.0.0.0/8 or 2001:db8::/32. */
export function isCidr(text: string): boolean {
  const slash = text.indexOf('/');
  return slash > 0 && isIP(text.slice(0, slash)) !== 0 && ipaddr.isValidCIDR(text);
}

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

function parseRange(text: string): Range {
  if (!isCidr(text)) throw new TypeError(`"${text}" is not a CIDR range`);
  const [address, bits] = ipaddr.parseCIDR(text);
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96) {
    return [address.toIPv4Address(), bits - 96];
  }
  return [address, bits];
}

/** A set of CIDR ranges. */
export class NetworkSet {
  readonly #ranges: readonly Range[];

  /** @throws TypeError when a text is not a CIDR range */
  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.map(parseRange);
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** Whether an address lies in one of the ranges; false for what is no address. */
  contains(address: string): boolean {
    if (this.#ranges.length === 0) return false;
    const parsed = parse(address);
    if (parsed === undefined) return false;
    return this.#ranges.some(
      ([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits),
    );
  }
}

/**
 * The network that counts as one origin: an IPv4 /24 or an IPv6 /64, as text. What is no address is answered unchanged.
 */
export function networkPrefix(address: string): string {
  if (isIPv4(address)) return `${address.slice(0, address.lastIndexOf('.'))}.0/24`;
  const parsed = parse(address);
  if (parsed === undefined) return address;
  if (parsed instanceof ipaddr.IPv4) return networkPrefix(parsed.toString());
  const network = new ipaddr.IPv6([...parsed.parts.slice(0, 4), 0, 0, 0, 0]);
  return `${network.toString()}/64`;
}

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an address belongs to the public internet. Private, loopback, link-local, shared, multicast, documentation,
 * benchmarking and translation ranges do not (RFC 6890), nor does what is no address.
 */
export function isPublicAddress(address: string): boolean {
  const parsed = parse(address);
  if (parsed === undefined || parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_UNICAST);
}
