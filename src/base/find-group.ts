import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** A group of users: group(5). */
export interface Group {
  readonly name: string;
  readonly id: number;
  readonly members: readonly string[];
}

export interface GroupSources {
  /** The program that asks all that nsswitch.conf(5) names, LDAP for one: getent(1). macOS has none. */
  readonly getent?: string;
  readonly file?: string;
  /** A directory server may be away; getent waits for it longer than anybody wants to. */
  readonly timeoutMs?: number;
}

/**
 * Looks a group up: with getent, or where that is not there, does not know it or takes too long, in /etc/group.
 * @param group  its name or its number
 */
export async function findGroup(group: string | number, sources: GroupSources = {}): Promise<Group | undefined> {
  const { getent = 'getent', file = '/etc/group', timeoutMs = 2000 } = sources;
  const fits = ({ name, id }: Group) => (typeof group === 'number' ? id === group : name === group);
  return (
    parse(await outputOf(getent, ['group', String(group)], timeoutMs)).find(fits) ??
    parse(await readFile(file, 'utf8').catch(() => '')).find(fits)
  );
}

/** What a program prints; nothing if it fails. */
function outputOf(program: string, args: readonly string[], timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 1024 * 1024 } as const;
    execFile(program, args, options, (error, stdout) => resolve(error ? '' : stdout));
  });
}

function parse(lines: string): readonly Group[] {
  return lines.split('\n').flatMap((line) => {
    const [name = '', , id = '', members = ''] = line.split(':');
    return /^\d+$/.test(id)
      ? [{ name, id: Number(id), members: members.split(',').filter((user) => user !== '') }]
      : [];
  });
}
