import path from 'node:path';
import { buildSync } from 'esbuild';

/** A program of this folder as one file of plain JavaScript, for the Node in the guest. */
export function bundleForGuest(name: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [path.join(import.meta.dirname, `${name}.ts`)],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    write: false,
  });
  return outputFiles[0].text;
}
