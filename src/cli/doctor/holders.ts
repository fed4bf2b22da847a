import type { System } from './system.js';

export interface Holder {
  readonly pid: number;
  readonly name: string;
}

/**
 * The first process with an open file whose link `matches`: proc(5), /proc/pid/fd.
 * @returns `isCertain`: whether every process could be looked at
 */
export async function holderOf(
  system: System,
  matches: (link: string) => boolean,
): Promise<{ readonly holder?: Holder; readonly isCertain: boolean }> {
  let isCertain = true;
  for (const pid of (await system.list('/proc'))?.filter((name) => /^\d+$/.test(name)) ?? []) {
    const files = await system.list(`/proc/${pid}/fd`);
    if (!files) isCertain = false;
    for (const file of files ?? []) {
      const link = await system.readLink(`/proc/${pid}/fd/${file}`);
      if (link === undefined || !matches(link)) continue;
      const name = (await system.readText(`/proc/${pid}/comm`))?.trim() ?? 'a program';
      return { holder: { pid: Number(pid), name }, isCertain };
    }
  }
  return { isCertain };
}
