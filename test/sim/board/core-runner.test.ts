import assert from 'node:assert/strict';
import { SimBoard } from '../../../src/sim/board/sim-board.js';
import { FakeClock, settle } from '../../support/fake-clock.js';

const DHCSR = 0xe000edf0;
const RESUME = 0xa05f0001;
const HALT = 0xa05f0003;
/** The reset image: adds r0, #1; adds r1, #1; mov r1, r0; b. */
const LOOP_INSTRUCTIONS = 4;
/** More turns of the event loop than a sprint has slices. */
const MANY_TURNS = 600;

/** A new board whose core counts, with a host. */
class Rig {
  readonly clock = new FakeClock();
  readonly board = new SimBoard(this.clock);
  readonly processor = this.board.processors[0];
  readonly host = this.board.attachHost();

  /** Instructions since reset, at four to a round; a debugger's look that leaves no trace in what runs after it. */
  get executed(): number {
    const { core } = this.processor;
    core.writePpb(DHCSR, HALT, true);
    core.writePpb(0xe000edf4, 0, true);
    const rounds = core.readPpb(0xe000edf8, true);
    core.writePpb(DHCSR, RESUME, true);
    return rounds * LOOP_INSTRUCTIONS;
  }

  async turns(): Promise<void> {
    for (let i = 0; i < MANY_TURNS; i++) await settle();
  }
}

describe('a core that runs while a host has the probe open', () => {
  it('sprints: two million instructions without any time passing, then no more', async () => {
    const rig = new Rig();

    await rig.turns();
    const sprint = rig.executed;
    await rig.turns();

    assert.ok(Math.abs(sprint - 2_000_000) < 1000, `${sprint} instructions`);
    assert.equal(rig.executed, sprint);
  });

  it('then strolls: a thousand instructions per millisecond', async () => {
    const rig = new Rig();
    await rig.turns();
    const sprint = rig.executed;

    await rig.clock.advance(100);

    assert.ok(Math.abs(rig.executed - sprint - 100_000) < 3000, `${rig.executed - sprint} instructions in 100 ms`);
  });

  it('lets other work in after 4000 instructions', async () => {
    const rig = new Rig();

    await settle();

    assert.ok(rig.executed <= 4000 + 500, `${rig.executed} instructions`);
  });

  it('sprints again when it is resumed, stepped or reset', async () => {
    const rig = new Rig();
    await rig.turns();

    rig.processor.write(DHCSR, 4, HALT);
    const before = rig.executed;
    rig.processor.write(DHCSR, 4, RESUME);
    await rig.turns();
    const resumed = rig.executed - before;
    rig.processor.write(0xe000ed0c, 4, 0x05fa0004); // AIRCR.SYSRESETREQ
    await rig.turns();

    assert.ok(resumed > 1_900_000, `${resumed} instructions after the resume`);
    assert.ok(rig.executed > 1_900_000, `${rig.executed} instructions after the reset`);
  });

  it('has no timer once it is halted, held in reset or left by its host', async () => {
    const rig = new Rig();
    await rig.turns();
    const strolling = rig.clock.pending;

    rig.processor.write(DHCSR, 4, HALT);
    const halted = rig.clock.pending;
    rig.processor.write(DHCSR, 4, RESUME);
    await rig.turns();
    rig.board.pressReset(true);
    const held = rig.clock.pending;
    rig.board.pressReset(false);
    await rig.turns();
    rig.host[Symbol.dispose]();

    assert.deepEqual([strolling, halted, held, rig.clock.pending], [1, 0, 0, 0]);
  });

  it('catches up with at most 4 ms after a turn of the event loop that took long', async () => {
    const rig = new Rig();
    await rig.turns();
    const sprint = rig.executed;

    rig.clock.stall(1000);
    await rig.clock.advance(0);

    const caughtUp = rig.executed - sprint;
    assert.ok(caughtUp >= 3900 && caughtUp <= 4000, `${caughtUp} instructions`);
  });
});

describe('a core that sleeps', () => {
  it('is woken by its SysTick, at a thousand cycles per millisecond', async () => {
    const rig = new Rig();
    const { core } = rig.processor;
    rig.processor.write(DHCSR, 4, HALT);
    rig.processor.write(0x20000000, 4, 0xe7fdbf30); // wfi; b .-2
    rig.processor.write(0xe000e014, 4, 9999); // SYST_RVR: every 10 ms
    rig.processor.write(0xe000e018, 4, 0);
    rig.processor.write(0xe000e010, 4, 7); // clock, interrupt, enable
    for (const [register, value] of [
      [15, 0x20000000],
      [16, 0x01000000],
    ]) {
      core.writePpb(0xe000edf8, value, true);
      core.writePpb(0xe000edf4, 0x10000 | register, true);
    }
    rig.processor.write(DHCSR, 4, RESUME);
    await settle();
    assert.ok(core.sleeping);

    await rig.clock.advance(8);
    const early = core.sleeping;
    await rig.clock.advance(4);

    // Its handler in the reset image is an endless loop.
    assert.deepEqual([early, core.sleeping], [true, false]);
  });
});
