/** What came of a step. */
export type Outcome = readonly (number | string)[] | Failure;

export interface Failure {
  /** As a client of the server is told. */
  readonly status: number;
  /** Its class; of one that a server told only the status is known. */
  readonly error?: string;
  /** The name of the earlier request that the error is of, where that was answered with success. */
  readonly earlier?: string;
}

export function isFailure(outcome: Outcome): outcome is Failure {
  return 'status' in outcome;
}
