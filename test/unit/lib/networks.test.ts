import { describe, expect, it } from '@jest/globals';
import {
  isCidr,
  isPublicAddress,
  networkPrefix,
  NetworkSet,
  normalAddress,
} from '../../../src/lib/networks.js';

describe('normalAddress', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['::FFFF:cb00:7109', '203.0.113.9'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('writes %s as %s', (text, normal) => {
    expect(normalAddress(text)).toBe(normal);
  });

  it.each([
    '',
    '010.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '1.2.3.4:80',
    '[::1]',
    'localhost',
    '1.2.3.4 ',
  ])('refuses %j', (text) => {
    expect(normalAddress(text)).toBeUndefined();
  });
});

describe('NetworkSet', () => {
  const set = new NetworkSet(['10.0.0.0/8', '2001:db8::/32', '::ffff:192.168.1.0/120']);

  it.each(['10.255.0.1', '::ffff:10.1.2.3', '2001:db8:ffff::1', '192.168.1.77'])('contains %s', (address) => {
    expect(set.contains(address)).toBe(true);
  });

  it.each(['11.0.0.1', '2001:db9::1', '192.168.2.1', '::a00:1', '', '10.0.0.1, 11.0.0.1', '012.0.0.1'])(
    'does not contain %j',
    (address) => {
      expect(set.contains(address)).toBe(false);
    },
  );

  it('refuses what is no range', () => {
    for (const text of ['10.0.0.0', '10.0.0.0/33', '010.0.0.0/8', '10/8', 'x/8', '::/129', ''])
      expect([text, isCidr(text), () => new NetworkSet([text])]).toEqual([text, false, expect.any(Function)]);
    expect(() => new NetworkSet(['10/8'])).toThrow(TypeError);
    expect(new NetworkSet([]).isEmpty).toBe(true);
  });
});

describe('networkPrefix', () => {
  it.each([
    ['203.0.113.9', '203.0.113.0/24'],
    ['::ffff:203.0.113.9', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['::1', '::/64'],
    ['unknown', 'unknown'],
  ])('puts %s into %s', (address, network) => {
    expect(networkPrefix(address)).toBe(network);
  });
});

describe('isPublicAddress', () => {
  it.each(['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8'])('takes %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.31.0.1',
    '192.0.2.1',
    '192.168.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    '4000::1',
    'localhost',
  ])('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
