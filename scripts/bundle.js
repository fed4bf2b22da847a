// node scripts/bundle.js [directory]
// Makes each program, and the library, one file, in dist/ or the directory given: probectl starts in half the time, and
// probed needs a quarter less memory, than from some hundred modules.

import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { build } from 'esbuild';
import { externals } from './externals.js';
import { thirdPartyNotices } from './third-party.js';

const [directory = 'dist'] = process.argv.slice(2);

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

/**
 * Parts that few need: files of their own, which a program loads when it does. They are named as in the program's
 * import.
 */
const advertiser = './discovery/advertiser.js';
const browser = '../discovery/browse.js';

/** ciao loads it to name lines of TypeScript in stack traces, for the whole process. Our bundles have no such lines. */
const withoutSourceMaps = {
  name: 'without-source-maps',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]source-map-support[/\\]register\.js$/ }, () => ({ contents: '' }));
  },
};

/**
 * @param {string} entry the program's file below src/
 * @returns the files it was made of
 */
async function bundle(entry, options) {
  const outfile = `${directory}/${entry.replace(/\.ts$/, '.js')}`;
  const { metafile } = await build({
    metafile: true,
    entryPoints: [`src/${entry}`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true, // but names stay, for stack traces
    legalComments: 'none', // whole licences are in THIRD-PARTY.txt
    // Packages in CommonJS call `require`, which a module does not have.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
    ...options,
  });
  if (entry.endsWith('main.ts')) chmodSync(outfile, 0o755);
  return Object.keys(metafile.inputs);
}

const files = [
  ...(await bundle('main.ts', { external: [...externals, advertiser] })),
  ...(await bundle('cli/main.ts', { external: [...externals, browser], plugins: [withoutAjv] })),
  ...(await bundle('discovery/advertiser.ts', { plugins: [withoutSourceMaps] })),
  ...(await bundle('discovery/browse.ts')),
  ...(await bundle('client/index.ts', { plugins: [withoutAjv] })),
];
const installed = externals.filter((name) => existsSync(`node_modules/${name}`));
writeFileSync(`${directory}/THIRD-PARTY.txt`, thirdPartyNotices(files, installed));
