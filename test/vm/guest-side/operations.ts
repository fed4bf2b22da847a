// What the agent learns before the snapshot is taken.

import type { Operations } from './agent.js';
import { operations as block } from './block-event-loop.js';
import { operations as control } from './control.js';
import { operations as figures } from './process-figures.js';
import { operations as stopwatch } from './stopwatch.js';

export const operations: Operations = { ...block, ...control, ...figures, ...stopwatch };
