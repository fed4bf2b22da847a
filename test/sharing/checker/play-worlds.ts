// Clients that share a target, in any order of their steps, compared with each of them alone on a target of its own: no
// difference is allowed.

import fc from 'fast-check';
import { Comparison, type Order } from './comparison.js';
import { anyProgram } from './gestures.js';
import { type Extent, playRounds } from './play-rounds.js';
import { realmOf, type World } from './step.js';

/** On what clients meet. */
export type Target = Omit<World, 'isFast' | 'helped'>;

export const targets: readonly Target[] = [
  { board: 'plain', protocol: 'SWD', apart: false, handles: false },
  { board: 'plain', protocol: 'JTAG', apart: false, handles: false },
  { board: 'plain', protocol: 'SWD', apart: false, handles: true },
  { board: 'plain', protocol: 'JTAG', apart: false, handles: true },
  { board: 'second-ap', protocol: 'SWD', apart: true, handles: false },
  { board: 'second-ap', protocol: 'SWD', apart: 'roaming', handles: true },
  { board: 'second-ap', protocol: 'JTAG', apart: 'roaming', handles: false },
  { board: 'multidrop', protocol: 'SWD', apart: true, handles: false },
  { board: 'multidrop', protocol: 'SWD', apart: 'roaming', handles: true },
  { board: 'dpv3', protocol: 'SWD', apart: false, handles: true },
  { board: 'dpv3', protocol: 'JTAG', apart: false, handles: true },
  { board: 'plain', protocol: 'SWD', apart: false, handles: true, resets: 'core' },
  { board: 'plain', protocol: 'JTAG', apart: false, handles: false, resets: 'core and APs' },
  { board: 'second-ap', protocol: 'SWD', apart: true, handles: false, resets: 'core and APs' },
  { board: 'second-ap', protocol: 'SWD', apart: 'roaming', handles: false, resets: 'core and APs' },
  { board: 'second-ap', protocol: 'JTAG', apart: 'roaming', handles: false, resets: 'core and APs' },
  { board: 'multidrop', protocol: 'SWD', apart: true, handles: false, resets: 'core' },
  { board: 'multidrop', protocol: 'SWD', apart: 'roaming', handles: false, resets: 'core' },
  { board: 'dpv3', protocol: 'SWD', apart: false, handles: false, resets: 'core and APs' },
  { board: 'dpv3', protocol: 'JTAG', apart: false, handles: false, resets: 'core and APs' },
];

/** Declares a test for each world. */
export function playWorlds(worlds: readonly World[], extent: Extent): void {
  playRounds(worlds, extent, {
    situation: 'clients that share a target',
    rule: 'each see what they would see alone',
    what: 'sharing clients compared',
    run: (world) =>
      fc.integer({ min: 2, max: 4 }).chain((clients) =>
        fc.record({
          programs: fc.tuple(...Array.from({ length: clients }, (_, client) => anyProgram(realmOf(world, client)))),
          order: anyOrder(clients),
        }),
      ),
    play: async (world, clients) => {
      await using comparison = await Comparison.start(world, clients);
      await comparison.play(clients.order);
      return comparison.played;
    },
  });
}

/** In turns, two at the same time, and in bursts: what takes several steps may be done with before anybody else comes. */
function anyOrder(clients: number): fc.Arbitrary<Order> {
  const client = fc.nat(clients - 1);
  const turns: fc.Arbitrary<Order> = fc.oneof(
    { weight: 4, arbitrary: client.map((one) => [one]) },
    { weight: 2, arbitrary: fc.tuple(client, client).map((both) => [both]) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(client, fc.constantFrom(3, 10, 30))
        .map(([one, steps]) => Array.from({ length: steps }, () => one)),
    },
  );
  return fc.array(turns, { minLength: 20, maxLength: 100 }).map((all) => all.flat());
}
