import assert from 'node:assert/strict';
import { bringUp, DRW, read, select, TAR, write } from './bring-up.js';
import { Comparison } from './comparison.js';
import { type Gesture, realmOf, type World } from './step.js';

/** BD0 of a MEM-AP is in bank 1 (IHI 0031 C2.6). */
const BANKED = 0x10;

describe('a JTAG scan that breaks off', () => {
  for (const isFast of [false, true]) {
    it(`may write to memory, for everybody${isFast ? ', where writes are posted' : ''}`, async () => {
      const target = { board: 'plain', protocol: 'JTAG', apart: false, handles: false, helped: 'none' } as const;
      const world: World = { ...target, isFast };
      const [writer, breaker] = [realmOf(world, 0), realmOf(world, 1)];
      const poke: Gesture = [select(0), write(TAR, writer.ram), select(BANKED), write(0, 0xffffffff), read(0)];
      const peek: Gesture = [select(0), write(TAR, writer.ram), read(DRW, 4)];
      const breaks: Gesture = [{ do: 'disturbed', how: 'no-ack', then: read(TAR) }];

      await using comparison = await Comparison.start(world, {
        programs: [
          [bringUp(writer), poke, peek],
          [bringUp(breaker), breaks],
        ],
        order: [],
      });
      await comparison.play([
        ...bringUp(writer).map(() => 0),
        ...bringUp(breaker).map(() => 1),
        ...poke.map(() => 0),
        1,
      ]);

      assert.equal(comparison.spoilt, 1);
    });
  }
});
