import assert from 'node:assert/strict';
import { addressOf, ApAddressing } from '../../src/dap/ap-addressing.js';
import { DP } from '../../src/dap/registers.js';

const DPV1 = 0x0bc11477;
const DPV3 = 0x0bc13477;

function known(dpidr: number, dpidr1?: number): ApAddressing {
  const addressing = new ApAddressing();
  addressing.note(DP.DPIDR, dpidr);
  if (dpidr1 !== undefined) addressing.note(DP.DPIDR1, dpidr1);
  return addressing;
}

describe('the page of an AP address', () => {
  it('is APSEL before DPv3', () => {
    const addressing = known(DPV1);

    assert.equal(addressing.unread(), undefined);
    assert.equal(addressing.pageOf(addressOf(0x01ffffff, 0xffffffff)), 0x01000000);
    assert.equal(addressing.pageOf(addressOf(0xff0000f0, 1)), 0xff000000);
  });

  // DPIDR1.ASIZE (IHI 0074 B2.2), and ERRMODE in bit 7.
  for (const [sizeBits, page] of [
    [12, 0xd00],
    [20, 0xabd00],
    [32, 0x789abd00],
    [40, 0x56_789abd00],
    [48, 0x3456_789abd00],
    [52, 0x23456_789abd00],
  ] as const) {
    it(`of a DPv3 with addresses of ${sizeBits} bits is in those`, () => {
      assert.equal(known(DPV3, 0x80 | sizeBits).pageOf(addressOf(0x789abdf0, 0xff123456)), page);
    });
  }

  it('of a DPv3 whose ASIZE is none is everything', () => {
    assert.equal(known(DPV3, 0).pageOf(addressOf(0x2d00, 0xfffff)), 0xfffff_00002d00);
  });

  it('asks for DPIDR, and DPIDR1 of a DPv3 alone', () => {
    assert.equal(new ApAddressing().unread(), DP.DPIDR);
    assert.equal(known(DPV3).unread(), DP.DPIDR1);
    assert.equal(known(DPV1, 0x20).unread(), undefined);
  });
});

describe('a debug port', () => {
  it('is another one with another DPIDR, and its DPIDR1 has to be read', () => {
    const addressing = known(DPV3, 0x20);

    assert.equal(addressing.note(DP.DPIDR, DPV3), false);
    assert.equal(addressing.unread(), undefined);
    assert.equal(addressing.note(DP.DPIDR, 0x4c013477), true);
    assert.equal(addressing.unread(), DP.DPIDR1);
  });
});
