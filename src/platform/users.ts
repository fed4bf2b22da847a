// Names and groups of local users. The file first; else what the system's name services (NSS) know, through the
// programs that ask them, since Node has no call for it. Everything is bounded in time and remembered for a while.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../base/clock.js';
import { findGroup } from '../base/find-group.js';

export interface UsersOptions {
  readonly clock?: Clock;
  /** @throws what `readFile` does */
  readonly readPasswd?: () => Promise<string>;
  readonly groupIdOf?: (group: string) => Promise<number | undefined>;
  /** Runs a program. @returns its output; undefined if it fails or takes too long */
  readonly run?: (program: string, args: readonly string[]) => Promise<string | undefined>;
}

/** How long a name service that does not answer is waited for. */
const ASK_TIMEOUT_MS = 2000;
/** How long an answer is good for: a user who has left a group gets in for so long. */
const KEPT_MS = 30_000;
const MAX_KEPT = 1024;

export class Users {
  readonly #readPasswd: () => Promise<string>;
  readonly #groupIdOf: (group: string) => Promise<number | undefined>;
  readonly #run: (program: string, args: readonly string[]) => Promise<string | undefined>;
  readonly #names: Remembered<string | undefined>;
  readonly #members: Remembered<boolean>;
  readonly #groups: Remembered<boolean>;

  constructor({
    clock = systemClock,
    readPasswd = passwdFile,
    groupIdOf = async (group) => (await findGroup(group))?.id,
    run = runProgram,
  }: UsersOptions = {}) {
    this.#groupIdOf = groupIdOf;
    this.#names = new Remembered(clock);
    this.#members = new Remembered(clock);
    this.#groups = new Remembered(clock);
    this.#readPasswd = readPasswd;
    this.#run = run;
  }

  /** What a user is called; undefined if nobody knows. */
  nameOf(uid: number): Promise<string | undefined> {
    return this.#names.get(String(uid), async () => {
      const inFile = nameIn(await this.#readPasswd().catch(() => ''), uid);
      return inFile ?? nameIn((await this.#run('getent', ['passwd', String(uid)])) ?? '', uid);
    });
  }

  /** Whether the system knows a user of this name. Asked anew each time: who is refused may be added, and try again. */
  async isUser(name: string): Promise<boolean> {
    const lines = (await this.#readPasswd().catch(() => '')).split('\n');
    if (lines.some((line) => line.startsWith(`${name}:`))) return true;
    return (await this.#run('id', ['-un', '--', name]))?.trim() === name; // id(1) takes numbers for users as well
  }

  /** Whether a user is in a group, by whatever way: as the primary one, in /etc/group, or in a name service. */
  isMember(uid: number, group: string): Promise<boolean> {
    return this.#members.get(`${uid} ${group}`, async () => {
      const name = await this.nameOf(uid);
      if (name === undefined) return false;
      const [id, ids = ''] = await Promise.all([
        this.#groupIdOf(group),
        this.#run('id', ['-G', '--', name]), // getgrouplist(3): nothing else has them all
      ]);
      return id !== undefined && ids.trim().split(' ').includes(String(id));
    });
  }

  /** Whether the system knows a group of this name. */
  hasGroup(group: string): Promise<boolean> {
    return this.#groups.get(group, async () => (await this.#groupIdOf(group)) !== undefined);
  }
}

/** Answers by question, each as it came or is still to come. */
class Remembered<T> {
  readonly #answers = new Map<string, { readonly answer: Promise<T>; readonly until: number }>();

  constructor(private readonly clock: Clock) {}

  get(question: string, ask: () => Promise<T>): Promise<T> {
    const now = this.clock.now();
    const known = this.#answers.get(question);
    if (known && known.until > now) return known.answer;
    if (this.#answers.size >= MAX_KEPT) this.#answers.clear();
    const answer = ask();
    this.#answers.set(question, { answer, until: now + KEPT_MS });
    return answer;
  }
}

/** passwd(5): name:password:uid:gid:… */
function nameIn(lines: string, uid: number): string | undefined {
  const line = lines.split('\n').find((entry) => entry.split(':').at(2) === String(uid));
  return line?.split(':').at(0);
}

function passwdFile(): Promise<string> {
  return readFile('/etc/passwd', 'utf8');
}

function runProgram(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: ASK_TIMEOUT_MS, killSignal: 'SIGKILL', encoding: 'utf8' } as const;
    execFile(program, args, options, (error, stdout) => resolve(error ? undefined : stdout));
  });
}
