// Copies what the bundles need beside them out of an installed node_modules: the packages with native code and what
// these require, without builds for other machines, sources and manuals.
//
//   node scripts/packaging/copy-runtime.js FROM/node_modules TO/node_modules x64

import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { externals } from '../externals.js';

const [from = '', to = '', arch = ''] = process.argv.slice(2);

/** Required only to compile, or only on macOS. */
const UNUSED = /^(@types\/.*|node-addon-api|node-hid)$/;

const packages = new Set(externals.filter((name) => !UNUSED.test(name)));
for (const name of packages) {
  for (const required of requiredBy(name)) {
    if (!UNUSED.test(required) && existsSync(path.join(from, required))) packages.add(required);
  }
}
for (const name of packages) {
  const folder = path.join(from, name);
  cpSync(folder, path.join(to, name), {
    recursive: true,
    filter: (file) => isNeeded(path.relative(folder, file), statSync(file).isDirectory()),
  });
}
// What is inside a folder comes before it.
for (const file of readdirSync(to, { recursive: true }).sort().reverse()) {
  const target = path.join(to, file);
  if (statSync(target).isFile())
    chmodSync(target, 0o644); // nothing in there is a program of its own
  else if (readdirSync(target).length === 0) rmdirSync(target); // sources were in it
}

function requiredBy(name) {
  const manifest = JSON.parse(readFileSync(path.join(from, name, 'package.json'), 'utf8'));
  const { dependencies, optionalDependencies } = manifest;
  return Object.keys({ ...dependencies, ...optionalDependencies });
}

/**
 * @param {string} file  its path inside the package; "" for the package itself
 * @param {boolean} isDirectory
 */
function isNeeded(file, isDirectory) {
  const name = path.basename(file);
  if (isDirectory) {
    if (/^(doc|vendor|test|bin|build|libusb|node_modules)$/.test(name)) return false;
    // "linux-x64", "linux_x64", "darwin-x64+arm64", "musl_x64"
    return /^(linux|darwin|win32|freebsd|openbsd|android|musl)[-_]/.test(name)
      ? new RegExp(`^linux[-_]${arch}$`).test(name)
      : true;
  }
  if (/^(bin|optional|build-test|cnoke)\.c?js$/.test(name)) return false; // for `npm install`
  return /^LICENSE|\.(c?js|json|node)$/.test(name) && !name.endsWith('.musl.node');
}
