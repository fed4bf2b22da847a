import { execFile } from 'node:child_process';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../../base/errors.js';
import type { Ran, ServiceMachine } from './service-machine.js';

/** The machine this process runs on. */
export const nodeServiceMachine: ServiceMachine = {
  async readText(file) {
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  },

  exists: (file) =>
    access(file).then(
      () => true,
      () => false,
    ),

  async write(file, text) {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(file, text, { mode: 0o644 });
  },

  remove: (file) => rm(file, { force: true }),

  run: ([program = '', ...args]) =>
    new Promise<Ran>((resolve) => {
      execFile(program, args, (error, stdout, stderr) => {
        const output = `${stdout}${stderr}`.trim();
        const code = error ? error.code : 0;
        if (typeof code === 'number') resolve({ code, output });
        else resolve({ code: undefined, output: output === '' ? String(error?.message) : output });
      });
    }),
};
