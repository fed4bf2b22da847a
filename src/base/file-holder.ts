import type { MachineFiles } from './machine-files.js';

export interface Holder {
  readonly pid: number;
  readonly name: string;
}

/**
 * The first process with an open file whose link `matches`: proc(5), /proc/pid/fd.
 * @returns `isCertain`: whether every process could be looked at
 */
export async function holderOf(
  files: MachineFiles,
  matches: (link: string) => boolean,
): Promise<{ readonly holder?: Holder; readonly isCertain: boolean }> {
  let isCertain = true;
  for (const pid of (await files.list('/proc'))?.filter((name) => /^\d+$/.test(name)) ?? []) {
    const open = await files.list(`/proc/${pid}/fd`);
    if (!open) isCertain = false;
    for (const file of open ?? []) {
      const link = await files.readLink(`/proc/${pid}/fd/${file}`);
      if (link === undefined || !matches(link)) continue;
      const name = (await files.readText(`/proc/${pid}/comm`))?.trim() ?? 'a program';
      return { holder: { pid: Number(pid), name }, isCertain };
    }
  }
  return { isCertain };
}
