// Clients that send anything, beside one that works: it has to get what it would get without them.

import assert from 'node:assert/strict';
import { ask } from './bring-up.js';
import { isFailure } from './outcome.js';
import { Player } from './player.js';
import { type Gesture, realmOf, type Step, stepText, type World } from './step.js';
import { type Expectation, type Task, Victim } from './victim.js';

export interface Scene {
  /** What each of the hostile clients does. */
  readonly hostile: readonly (readonly Gesture[])[];
  /** What the victim does, over and over. */
  readonly tasks: readonly Task[];
  /** Whose step comes next: a hostile client, or the victim, which is `VICTIM`; what is left then is played in turns. */
  readonly order: readonly number[];
}

/** As a client: its memory and its core registers are beyond those of the others, which are as many at most. */
export const VICTIM = 3;

/** Steps before a failure that its report shows. */
const TRACED = 60;
const TRACED_CHARACTERS = 200;

export class Encounter implements AsyncDisposable {
  played = 0;
  readonly #trace: string[] = [];
  readonly #victim: Victim;
  readonly #hostile: readonly Step[][];
  #expected: Expectation[] = [];
  #tasksBegun = 0;

  private constructor(
    private readonly world: World,
    private readonly scene: Scene,
    private readonly player: Player,
  ) {
    this.#victim = new Victim(realmOf(world, VICTIM));
    this.#hostile = scene.hostile.map((gestures) => gestures.flat());
  }

  static async start(world: World, scene: Scene): Promise<Encounter> {
    return new Encounter(world, scene, await Player.start(world));
  }

  async play(): Promise<void> {
    await this.#expectAll(this.#victim.begin());
    for (const client of this.scene.order) {
      if (client === VICTIM) await this.#work();
      else await this.#disturb(client);
    }
    while (this.#hostile.some((steps) => steps.length > 0)) {
      for (const client of this.#hostile.keys()) await this.#disturb(client);
      await this.#work();
    }
    await this.#expectAll([...this.#expected, ...this.#victim.end()]);
    await this.#part();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.player[Symbol.asyncDispose]();
  }

  async #disturb(client: number): Promise<void> {
    const step = this.#hostile[client].shift();
    if (!step) return;
    // Or what is to go wrong would go wrong with writes that the victim has posted.
    if (step.do === 'disturbed') await this.player.interrupted();
    await this.#play(client, step);
  }

  async #work(): Promise<void> {
    const { tasks } = this.scene;
    if (this.#expected.length === 0)
      this.#expected = [...this.#victim.expect(tasks[this.#tasksBegun++ % tasks.length])];
    const next = this.#expected.shift();
    if (next) await this.#expect(next);
  }

  /** One after the other the others go, and the victim has the target for itself. */
  async #part(): Promise<void> {
    for (const client of this.#hostile.keys()) await this.#play(client, ask('disconnect'));
    await this.#expect([ask('connect', 'DEFAULT'), 'success']);
    // Bits of one's own making are for those who are alone.
    const isSwd = this.world.protocol === 'SWD';
    await this.#expect([isSwd ? ask('swd_sequence', [[1]]) : ask('jtag_sequence', 1, 0, true, 0), 'success']);
    for (const client of this.#hostile.keys()) await this.#play(client, { do: 'die' });
    await this.#expect([{ do: 'readReset' }, [0]]);
  }

  async #expectAll(expectations: readonly Expectation[]): Promise<void> {
    for (const expectation of expectations) await this.#expect(expectation);
  }

  async #expect([step, expected]: Expectation): Promise<void> {
    const seen = await this.#play(VICTIM, step);
    const report = `the victim is disturbed:\n${this.#trace.slice(-TRACED).join('\n')}`;
    if (expected === 'success') assert.ok(!isFailure(seen), report);
    else assert.deepEqual(seen, expected, report);
  }

  async #play(client: number, step: Step): ReturnType<Player['play']> {
    const outcome = await this.player.play(client, realmOf(this.world, client), step);
    this.played++;
    const line = `${client === VICTIM ? 'victim' : client}: ${stepText(step)} -> ${JSON.stringify(outcome)}`;
    this.#trace.push(line.length > TRACED_CHARACTERS ? `${line.slice(0, TRACED_CHARACTERS)} ...` : line);
    return outcome;
  }
}
