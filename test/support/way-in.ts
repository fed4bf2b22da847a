import { portOf } from './forwarded-port.js';
import { ProbectlProcess, type ProbectlOptions } from './probectl-process.js';

/** How clients come to a probe. */
export const waysIn = ['directly', 'through the pipelining helper'] as const;
export type WayIn = (typeof waysIn)[number];

/** A port for the clients of a probe: its own, or that of `probectl accelerate` in a process of its own. */
export class Entrance implements AsyncDisposable {
  private constructor(
    readonly port: number,
    /** Undefined: there is none between. */
    readonly helper: ProbectlProcess | undefined,
  ) {}

  /** @param probe  the port it is served on, at `host` */
  static async open(way: WayIn, probe: number, options?: ProbectlOptions, host = '127.0.0.1'): Promise<Entrance> {
    if (way === 'directly') return new Entrance(probe, undefined);
    const helper = new ProbectlProcess('/nowhere', ['accelerate', `${host}:${probe}`], {
      timeoutMs: 300_000,
      ...options,
    });
    return new Entrance(await portOf(helper, /remote:localhost:(\d+)/), helper);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.helper?.interrupt();
  }
}
