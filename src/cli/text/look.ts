import type { Paint } from '../colour.js';

/** What the reader of a text has before them. */
export interface Look {
  readonly paint: Paint;
  /** Columns a table may take. */
  readonly columns: number;
  readonly now: Date;
}
