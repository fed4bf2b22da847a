// Makes dist/cli/main.js one file, so that probectl starts fast: reading a hundred modules costs more than it does.

import { chmodSync } from 'node:fs';
import { build } from 'esbuild';

const outfile = 'dist/cli/main.js';

/**
 * probectl imports the request tables for their names and schemas, and never compiles a validator. Nothing happens when
 * ajv is loaded, which its package does not say; knowing it, esbuild leaves it out.
 */
const withoutAjv = {
  name: 'without-ajv',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^ajv$/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (pluginData === withoutAjv) return undefined;
      const { path: found } = await resolve(path, { kind, resolveDir, pluginData: withoutAjv });
      return { path: found, sideEffects: false };
    });
  },
};

await build({
  entryPoints: ['src/cli/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true, // but names stay, for stack traces
  legalComments: 'external',
  // Packages in CommonJS call `require`, which a module does not have.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
  },
  plugins: [withoutAjv],
});
chmodSync(outfile, 0o755);
