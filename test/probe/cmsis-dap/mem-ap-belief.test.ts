import assert from 'node:assert/strict';
import { MEM_AP } from '../../../src/dap/registers.js';
import { MemApBelief } from '../../../src/probe/cmsis-dap/mem-ap-belief.js';

const IDR = Uint32Array.of(0x04770031);

describe('what is believed of MEM-APs', () => {
  it('is of 256 at most: more than that starts anew', () => {
    const belief = new MemApBelief();
    const ap = (index: number): number => index * 0x1000 + 0xd00;
    for (let i = 0; i < 256; i++) belief.noteRead(ap(i) + MEM_AP.IDR, IDR);
    belief.noteWrite(ap(0) + MEM_AP.CSW, Uint32Array.of(0x23000052));
    assert.ok(belief.holds(ap(0) + MEM_AP.CSW, 0x23000052));

    belief.noteRead(ap(256) + MEM_AP.IDR, IDR);

    assert.ok(!belief.holds(ap(0) + MEM_AP.CSW, 0x23000052));
  });
});
