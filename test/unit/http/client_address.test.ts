import { describe, expect, it } from '@jest/globals';
import { callerAddress } from '../../../src/http/client_address.js';
import { NetworkSet } from '../../../src/lib/networks.js';

const TRUSTED = new NetworkSet(['10.0.0.0/8', 'fd00::/8']);
const PEER = '10.0.0.1';

describe('the caller behind proxies', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9', 'the one address'],
    ['1.1.1.1, 203.0.113.9', '203.0.113.9', 'the rightmost, because the left was sent by the caller'],
    ['1.1.1.1, 203.0.113.9, 10.0.0.2, fd00::7', '203.0.113.9', 'the rightmost that is no proxy of ours'],
    ['10.0.0.3,10.0.0.2', '10.0.0.3', 'the leftmost when all are proxies'],
    ['203.0.113.9:4711', '203.0.113.9', 'an address with a port'],
    ['[2001:DB8::9]:4711', '2001:db8::9', 'an IPv6 address with a port'],
    ['2001:db8::9', '2001:db8::9', 'an IPv6 address without one'],
    ['::ffff:203.0.113.9', '203.0.113.9', 'an IPv4-mapped address'],
    ['1.1.1.1, nonsense', PEER, 'the proxy itself when its entry is no address'],
    ['1.1.1.1, nonsense, 10.0.0.2', '10.0.0.2', 'the last proxy known'],
    ['1.1.1.1,', PEER, 'nothing from an empty entry'],
    ['010.1.1.1', PEER, 'no octal forms'],
    ['[2001:db8::9', PEER, 'no broken brackets'],
    ['', PEER, 'nothing from an empty header'],
  ])('%s -> %s: %s', (header, caller) => {
    expect(callerAddress(PEER, header, TRUSTED)).toBe(caller);
  });

  it('does not walk for ever', () => {
    expect(callerAddress(PEER, `203.0.113.9${',10.0.0.2'.repeat(5000)}`, TRUSTED)).toBe('10.0.0.2');
  });
});
