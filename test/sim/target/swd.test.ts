import assert from 'node:assert/strict';
import { T } from '../probe-rig.js';
import { WireRig } from './wire-rig.js';

const DPIDR = 0x0bc11477;
const NO_ACK = 7;
const POWER_UP = 0x50000000;

// IHI 0031 (ADIv5.2), B4 for the line and B5 for the choice of the protocol.
describe('the SWD line after power-up', () => {
  it('does not answer before the JTAG-to-SWD sequence', () => {
    const rig = new WireRig();
    rig.lineReset();
    assert.equal(rig.packet(T.READ_DPIDR).ack, NO_ACK);

    rig.selectSwd();

    assert.deepEqual(rig.packet(T.READ_DPIDR), { ack: 1, data: DPIDR, parity: 0 });
  });

  it('wants 50 ones and two idle clocks', () => {
    const rig = new WireRig();
    rig.selectSwd();
    rig.packet(T.READ_CTRL_STAT); // out of turn: locks the line
    rig.out(0, 1);
    rig.out((1n << 49n) - 1n, 49);
    rig.out(0, 2);
    assert.equal(rig.packet(T.READ_DPIDR).ack, NO_ACK, '49 ones');

    rig.lineReset(1);
    assert.equal(rig.packet(T.READ_DPIDR).ack, NO_ACK, '1 idle clock');

    rig.lineReset(2);
    assert.equal(rig.packet(T.READ_DPIDR).ack, 1);
  });

  it('wants DPIDR read first', () => {
    const rig = new WireRig();
    rig.selectSwd();
    assert.equal(rig.packet(T.READ_CTRL_STAT).ack, NO_ACK);
    assert.equal(rig.packet(T.READ_DPIDR).ack, NO_ACK, 'locked out');

    rig.lineReset();

    assert.equal(rig.packet(T.READ_DPIDR).ack, 1);
    assert.equal(rig.packet(T.READ_CTRL_STAT).ack, 1);
  });

  it('is locked out by a request with bad parity until a line reset', () => {
    const rig = new WireRig();
    rig.selectSwd();
    rig.packet(T.READ_DPIDR);

    rig.out(0xa5 ^ 0x20, 8);
    assert.equal(rig.in(4) >>> 1, NO_ACK);
    rig.in(40);
    assert.equal(rig.packet(T.READ_DPIDR).ack, NO_ACK);
    rig.lineReset();

    assert.equal(rig.packet(T.READ_DPIDR).ack, 1);
  });

  it('goes back to JTAG with 0xE73C', () => {
    const rig = new WireRig();
    rig.selectSwd();

    rig.out((1n << 50n) - 1n, 50);
    rig.out(0xe73c, 16);
    rig.lineReset();

    assert.equal(rig.packet(T.READ_DPIDR).ack, NO_ACK);
  });

  it('goes to dormant state and wakes by selection alert and activation code', () => {
    const rig = new WireRig();
    rig.selectSwd();
    rig.out((1n << 50n) - 1n, 50);
    rig.out(0xe3bc, 16);
    rig.selectSwd();
    assert.equal(rig.packet(T.READ_DPIDR).ack, NO_ACK, 'asleep');

    rig.wake(0x1a);
    rig.lineReset();

    assert.equal(rig.packet(T.READ_DPIDR).ack, 1);
  });

  it('leaves JTAG for dormant state with 0x33BBBBBA, as stock clients do', () => {
    const rig = new WireRig();
    rig.out((1n << 51n) - 1n, 51);
    rig.out(0x33bbbbba, 39);
    rig.wake(0x1a);
    rig.lineReset();

    assert.equal(rig.packet(T.READ_DPIDR).ack, 1);
  });

  it('needs no more than the five ones that reset a TAP before that', () => {
    const rig = new WireRig();
    rig.out(0x1f, 5);
    rig.out(0x33bbbbba, 31);
    rig.wake(0x1a);
    rig.lineReset();

    assert.equal(rig.packet(T.READ_DPIDR).ack, 1);
  });
});

describe('an SWD packet', () => {
  function connected(): WireRig {
    const rig = new WireRig();
    rig.selectSwd();
    rig.packet(T.READ_DPIDR);
    rig.packet(T.WRITE_CTRL_STAT, POWER_UP);
    return rig;
  }

  it('clock by clock does the same as the short cut', () => {
    const accesses: [number, number][] = [
      [T.READ_CTRL_STAT, 0],
      [T.WRITE_SELECT, 0],
      [T.WRITE_TAR, 0x08000000],
      [T.READ_DRW, 0],
      [T.READ_DRW, 0],
      [T.READ_RDBUFF, 0],
      [T.WRITE_TAR, 0x90000000],
      [T.WRITE_DRW, 5],
      [T.READ_RDBUFF, 0],
      [T.READ_CTRL_STAT, 0],
      [T.WRITE_ABORT, 0x1e],
      [T.READ_CSW, 0],
      [T.READ_RDBUFF, 0],
    ];
    const slow = connected();
    const fast = connected();

    const clocked = accesses.map(([request, value]) => slow.packet(request, value)).map(({ ack, data }) => [ack, data]);
    const short = accesses.map(([request, value]) => fast.transfer(request, value)).map(({ ack, data }) => [ack, data]);

    assert.deepEqual(clocked, short);
    assert.deepEqual(
      clocked.map(([ack]) => ack),
      [1, 1, 1, 1, 1, 1, 1, 1, 4, 1, 1, 1, 1],
    );
  });

  it('written with bad parity sets WDATAERR, and everything after it is refused', () => {
    const rig = connected();
    rig.board.faults.inject({ kind: 'parity', on: { direction: 'write' } });

    rig.packet(T.WRITE_SELECT, 0xf0);

    assert.equal(rig.packet(T.WRITE_SELECT, 0).ack, 4);
    assert.equal((rig.packet(T.READ_CTRL_STAT).data ?? 0) & 0x80, 0x80);
    rig.packet(T.WRITE_ABORT, 0x08);
    assert.equal(rig.packet(T.WRITE_SELECT, 0).ack, 1);
  });

  it('to an AP without power faults', () => {
    const rig = new WireRig();
    rig.selectSwd();
    rig.packet(T.READ_DPIDR);

    rig.packet(T.READ_CSW);

    assert.equal(rig.packet(T.READ_RDBUFF).ack, 4);
  });

  it('is repeated by RESEND', () => {
    const rig = connected();
    rig.packet(T.READ_CTRL_STAT);

    assert.equal(rig.packet(0x0a).data, 0xf0000000);
  });

  it('finds registers and line as after power-up when power was lost', () => {
    const rig = connected();
    rig.packet(T.WRITE_TAR, 0x20000000);
    rig.board.faults.inject({ kind: 'power-lost', on: { port: 'AP' } });

    assert.equal(rig.packet(T.READ_TAR).ack, NO_ACK);
    rig.selectSwd();

    assert.equal(rig.packet(T.READ_DPIDR).ack, 1);
    assert.equal(rig.packet(T.READ_CTRL_STAT).data, 0);
  });

  it('is hit by an injected fault as often as asked, after as many as asked', () => {
    const rig = connected();
    rig.board.faults.inject({ kind: 'wait', on: { port: 'DP', address: 0x4 }, after: 1, times: 2 });

    const acks = [1, 2, 3, 4].map(() => rig.packet(T.READ_CTRL_STAT).ack);

    assert.deepEqual(acks, [1, 2, 2, 1]);
  });

  it('without an ACK locks the line', () => {
    const rig = connected();
    rig.board.faults.inject({ kind: 'no-ack' });

    assert.equal(rig.transfer(T.READ_CTRL_STAT).ack, NO_ACK);
    assert.equal(rig.transfer(T.READ_DPIDR).ack, NO_ACK);
  });
});

describe('two debug ports on one SWD line', () => {
  // RP2040 datasheet 2.3.4.1: TARGETSEL of core 0 and core 1.
  const CORES = [0x01002927, 0x11002927];

  function select(rig: WireRig, target: number): void {
    rig.wake(0x1a);
    rig.lineReset();
    rig.targetSel(target);
  }

  it('answer one at a time, chosen by TARGETSEL, which nobody acknowledges', () => {
    for (const [instance, target] of CORES.entries()) {
      const rig = new WireRig({ kind: 'multidrop' });
      rig.wake(0x1a);
      rig.lineReset();

      assert.equal(rig.targetSel(target), 0x1f);

      assert.equal(rig.packet(T.READ_DPIDR).data, 0x0bc12477);
      rig.packet(T.WRITE_SELECT, 2);
      assert.equal(rig.packet(T.READ_CTRL_STAT).data, 0x01002927);
      rig.packet(T.WRITE_SELECT, 3);
      assert.equal(rig.packet(T.READ_CTRL_STAT).data, ((instance << 28) | 1) >>> 0);
    }
  });

  it('stay silent when another one is meant', () => {
    const rig = new WireRig({ kind: 'multidrop' });
    select(rig, 0x21002927);

    assert.equal(rig.packet(T.READ_DPIDR).ack, NO_ACK);
  });

  it('stay silent after a TARGETSEL with wrong parity', () => {
    const rig = new WireRig({ kind: 'multidrop' });
    rig.wake(0x1a);
    rig.lineReset();
    rig.targetSel(CORES[0], 1); // it has eight ones

    assert.equal(rig.packet(T.READ_DPIDR).ack, NO_ACK);
  });

  it('keep registers of their own and share the memory', () => {
    const rig = new WireRig({ kind: 'multidrop' });
    for (const [instance, target] of CORES.entries()) {
      select(rig, target);
      rig.packet(T.READ_DPIDR);
      rig.packet(T.WRITE_CTRL_STAT, POWER_UP);
      rig.packet(T.WRITE_TAR, 0x20000000 + 0x100 * instance);
      rig.packet(T.WRITE_DRW, 0x1111 * (instance + 1));
    }

    rig.lineReset();
    rig.targetSel(CORES[0]);
    rig.packet(T.READ_DPIDR);
    rig.packet(T.READ_TAR);
    assert.equal(rig.packet(T.READ_RDBUFF).data, 0x20000004);
    rig.packet(T.WRITE_TAR, 0x20000100);
    rig.packet(T.READ_DRW);
    assert.equal(rig.packet(T.READ_RDBUFF).data, 0x2222);
  });
});

describe('a DPv3', () => {
  it('selects DP bank 0 at a line reset', () => {
    const rig = new WireRig({ kind: 'dpv3' });
    rig.selectSwd();
    const dpidr = rig.packet(T.READ_DPIDR).data;
    rig.packet(T.WRITE_SELECT, 2);

    rig.lineReset();

    assert.equal(rig.packet(T.READ_DPIDR).data, dpidr);
  });

  it('shows its root ROM table and the AP that is in it', () => {
    const rig = new WireRig({ kind: 'dpv3' });
    const readAp = (address: number): number => {
      rig.packet(T.WRITE_SELECT, (address & ~0xf) >>> 0);
      rig.packet(T.READ_CSW | (address & 0xc));
      return rig.packet(T.READ_RDBUFF).data ?? -1;
    };
    rig.selectSwd();
    assert.equal(((rig.packet(T.READ_DPIDR).data ?? 0) >>> 12) & 0xf, 3);
    rig.packet(T.WRITE_CTRL_STAT, POWER_UP);

    rig.packet(T.WRITE_SELECT, 2);
    assert.equal(rig.packet(T.READ_DPIDR).data, 0x1, 'BASEPTR0: valid, address 0');
    assert.equal(readAp(0x0), 0x2003);
    assert.equal(readAp(0xff4), 0x90, 'CIDR1: class 9');
    assert.equal(readAp(0xfbc), 0x47700af7);
    assert.equal(readAp(0x2dfc), 0x04770031, 'IDR');
    assert.equal(readAp(0x2d00), 0x23000052, 'CSW');
    assert.equal(readAp(0x2fbc), 0x47700a17);
  });
});
