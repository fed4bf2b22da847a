import { type Request, request, type RequestDeclaration, type RequestResult } from '../jsonl/request-table.js';
import type { RequestArguments } from '../jsonl/request-arguments.js';
import type { DaemonView } from './daemon-view.js';

/** What a command works with. */
export interface CommandContext {
  readonly daemon: DaemonView;
  /** Who the operator is: "user:ada"; undefined where the system does not tell. Never rejects. */
  readonly operator: Promise<string | undefined>;
  /**
   * Sends events to this operator, after the reply.
   * @param since  number of the last event that is known; undefined: only what comes
   */
  readonly streamEvents: (since: number | undefined) => void;
}

/** A control command: a request whose types stay known, so that `probectl` can use them. */
export interface Command<N extends string, A, R> extends Request<CommandContext> {
  readonly name: N;
  readonly args: RequestArguments<A>;
  readonly result: RequestResult<R>;
}

/** Declares a command: server, `probectl` and the reference page are made from it. */
export function command<const N extends string, A, R>(
  declaration: RequestDeclaration<CommandContext, A, R> & { readonly name: N },
): Command<N, A, R> {
  const { name, args, result } = declaration;
  return { ...request(declaration), name, args, result };
}
