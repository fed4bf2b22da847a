import { bringUp, control, read, select, TAR } from './bring-up.js';
import { Comparison } from './comparison.js';
import { type Gesture, realmOf, type World } from './step.js';

describe('bringing up after a loss of power', () => {
  it('sets up the AP of a client that had SELECT1 elsewhere', async () => {
    const target = { board: 'dpv3', protocol: 'SWD', apart: false, handles: false, helped: 'none' } as const;
    const world: World = { ...target, resets: 'core and APs', isFast: false };
    const [caught, breaker] = [realmOf(world, 0), realmOf(world, 1)];
    const leaves: Gesture = [select(caught.ap | 5), control(1)];
    const returns: Gesture = [select(caught.ap | 5), control(0), select(caught.ap), read(TAR)];
    const breaks: Gesture = [{ do: 'disturbed', how: 'power-lost', then: read(TAR) }, ...bringUp(breaker, false)];

    await using comparison = await Comparison.start(world, {
      programs: [
        [bringUp(caught), leaves, returns],
        [bringUp(breaker), breaks],
      ],
      order: [],
    });
    // Then both bring up in turns: when the caught one reads TAR, the other has written its own.
    await comparison.play([
      ...bringUp(caught).map(() => 0),
      ...bringUp(breaker).map(() => 1),
      ...leaves.map(() => 0),
      1,
    ]);
  });
});
