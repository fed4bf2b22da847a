import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { reachableAddresses } from '../../src/discovery/reachable-addresses.js';

function info(address: string, internal = false): NetworkInterfaceInfo {
  const common = { address, netmask: '', mac: '', internal, cidr: null };
  return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' };
}

const interfaces = {
  lo: [info('127.0.0.1', true), info('::1', true)],
  eth0: [info('192.0.2.7'), info('2001:db8::7'), info('fe80::7')],
  eth1: [info('198.51.100.7')],
};

describe('the addresses at which others reach a server', () => {
  it('are none where it listens on loopback only', () => {
    assert.deepEqual(reachableAddresses(['127.0.0.1', '::1'], interfaces), []);
  });

  it('are all of a family where it listens on all of it', () => {
    assert.deepEqual(reachableAddresses(['0.0.0.0'], interfaces), ['192.0.2.7', '198.51.100.7']);
    assert.deepEqual(reachableAddresses(['::'], interfaces), ['2001:db8::7', 'fe80::7']);
  });

  it('are those it listens on that the machine has', () => {
    assert.deepEqual(reachableAddresses(['127.0.0.1', '198.51.100.7', '203.0.113.1'], interfaces), ['198.51.100.7']);
  });
});
