import process from 'node:process';

/** How much a run does: VM_EXTENT=short is for CI, soak for `npm run soak:vm`. */
type Extent = 'short' | 'full' | 'soak';

/** @throws Error  for a VM_EXTENT that does not exist */
function chosenExtent(): Extent {
  const text = process.env.VM_EXTENT ?? 'full';
  if (text === 'short' || text === 'full' || text === 'soak') return text;
  throw new Error(`VM_EXTENT is short, full or soak, not "${text}"`);
}

export const extent = chosenExtent();

/** What one of the extents has of something. */
export function byExtent<T>(values: Readonly<Record<Extent, T>>): T {
  return values[extent];
}
