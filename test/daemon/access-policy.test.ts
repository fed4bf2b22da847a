import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { AccessPolicy } from '../../src/daemon/access-policy.js';
import { LocalAccess } from '../../src/daemon/local-access.js';
import { loadText } from '../config/load-text.js';

const own = { address: '192.0.2.1', port: 5555 };

function policyOf(text: string): AccessPolicy {
  const local = new LocalAccess({
    owners: { ownerOf: async () => 1000 },
    users: { nameOf: async () => 'ada', isMember: async () => false, hasGroup: async () => true },
    log: silentLogger,
    rules: {},
  });
  return new AccessPolicy({ config: loadText(text), local, clock: systemClock });
}

/** Where clients come from, by what is made of their addresses. */
function screened(policy: AccessPolicy, uid: string, ...addresses: string[]): readonly string[] {
  const access = policy.forProbe(uid);
  return addresses.map((address) => access.screen({ address, port: 40_000 }, own).from);
}

/** An address of this machine that is not loopback. */
function outerAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ internal }) => !internal)?.address;
}

describe('who may connect to a probe', () => {
  it('are this machine, by whichever address, and the machines of the list', () => {
    const policy = policyOf('[listen]\nallow_remote = ["198.51.100.0/24", "2001:db8::7"]\n');

    assert.deepEqual(
      screened(policy, 'A', '127.0.0.1', '127.8.9.1', '::1', own.address),
      Array(4).fill('this-machine'),
    );
    assert.deepEqual(screened(policy, 'A', '198.51.100.9', '2001:db8::7'), Array(2).fill('other-machine'));
    assert.deepEqual(screened(policy, 'A', '203.0.113.1', '2001:db8::8'), Array(2).fill('stranger'));
  });

  it('are users of this machine also where they talk to it from another of its addresses', async function () {
    const address = outerAddress();
    if (address === undefined) this.skip();
    const policy = policyOf('');

    assert.deepEqual(screened(policy, 'A', address), ['this-machine']);
    const verdict = await policy.forProbe('A').check({ address, port: 40_000 }, own);
    assert.deepEqual(verdict, { principal: 'user:ada' });
  });

  it('are known by their address where they come from another machine', async () => {
    const access = policyOf('[listen]\nallow_remote = ["any"]\n').forProbe('A');

    for (const address of ['198.51.100.9', '2001:db8::7'])
      assert.deepEqual(await access.check({ address, port: 40_000 }, own), { principal: `addr:${address}` });
  });

  it('differ by probe, and follow the config', () => {
    const policy = policyOf(
      '[listen]\nallow_remote = ["198.51.100.9"]\n[[probe]]\nuid = "B"\nallow_remote = ["203.0.113.1"]\n',
    );
    assert.deepEqual(screened(policy, 'A', '198.51.100.9', '203.0.113.1'), ['other-machine', 'stranger']);
    assert.deepEqual(screened(policy, 'B', '198.51.100.9', '203.0.113.1'), ['stranger', 'other-machine']);

    policy.configure(loadText('[listen]\nallow_remote = ["203.0.113.1"]\n'));

    assert.deepEqual(screened(policy, 'A', '198.51.100.9', '203.0.113.1'), ['stranger', 'other-machine']);
  });

  it('are told why not only where the config says so', () => {
    const refusalOf = (text: string): unknown => {
      const screening = policyOf(text).forProbe('A').screen({ address: '203.0.113.1', port: 40_000 }, own);
      return screening.from === 'stranger' && [screening.isTold, screening.refusal.message];
    };
    const sentence = 'probe A is not for 203.0.113.1: whoever runs its host decides (allow_remote)';

    assert.deepEqual(refusalOf(''), [false, sentence]);
    assert.deepEqual(refusalOf('[access]\nrefusal = "polite"\n'), [true, sentence]);
  });
});
