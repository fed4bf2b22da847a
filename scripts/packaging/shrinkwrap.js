// Prints npm-shrinkwrap.json: the lockfile without what only development needs.

import { readFileSync } from 'node:fs';
import process from 'node:process';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const packages = Object.entries(lock.packages).filter(([, entry]) => entry.dev !== true && entry.devOptional !== true);
const [[, root]] = packages;
delete root.devDependencies;
process.stdout.write(`${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, undefined, 2)}\n`);
