import assert from 'node:assert/strict';
import { ProbeError } from '../../src/probe/errors.js';
import { ResetHold } from '../../src/sharing/reset-hold.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import { NEVER, SessionRig } from './session-rig.js';

describe('nRESET that is let go of, where the registers of others cannot be saved', () => {
  const unsaved = new ProbeError('the registers of others are lost');

  /** One that holds nRESET of the rig's probe, and what it has noted. */
  async function holding(rig: SessionRig): Promise<{ readonly letGo: () => Promise<void>; readonly noted: unknown[] }> {
    await rig.opened();
    const probe = rig.session.probe ?? assert.fail();
    const noted: unknown[] = [];
    let isHeld = false;
    const hold = new ResetHold({
      clock: rig.clock,
      isHeldByOthers: () => false,
      beforeReset: () => (isHeld ? Promise.reject(unsaved) : Promise.resolve()),
      onReset: () => (isHeld = true),
      onStuck: (error) => noted.push(error),
    });
    await rig.run(hold.assert(probe, NEVER));
    return { letGo: () => rig.run(hold.release(probe, NEVER)), noted };
  }

  it('goes high, and its client is told', async () => {
    await using rig = await SessionRig.start();
    const { letGo, noted } = await holding(rig);

    await assert.rejects(letGo(), unsaved);

    assert.equal(rig.sim.board.connector.nReset.low, false);
    assert.deepEqual(noted, []);
  });

  it('and that stays low too: it is told what came first, and the other error is noted', async () => {
    await using rig = await SessionRig.start();
    const { letGo, noted } = await holding(rig);
    rig.sim.onCommand(DapCommand.SwjPins, { answer: () => Uint8Array.of(DapCommand.Info) });

    await assert.rejects(letGo(), unsaved);

    assert.match(String(noted), /the probe answered 0x0 to DAP_SWJ_Pins/);
    assert.equal(noted.length, 1);
  });
});

describe('nRESET that may have been asserted, since the probe has answered something else', () => {
  for (const does of ['setReset', 'reset'] as const) {
    it(`does not stay low when its client has left (${does})`, async () => {
      await using rig = await SessionRig.start();
      const [stays, leaves] = [await rig.opened(), await rig.opened()];
      let answers = 0;
      rig.sim.onCommand(DapCommand.SwjPins, {
        answer: (bytes) => (answers++ === 0 ? Uint8Array.of(DapCommand.Info) : bytes),
      });
      await assert.rejects(rig.run(does === 'reset' ? leaves.reset(NEVER) : leaves.setReset(true, NEVER)), ProbeError);

      await rig.run(Promise.resolve(leaves[Symbol.asyncDispose]()));

      assert.equal(await rig.run(stays.readReset(NEVER)), false);
    });
  }
});
