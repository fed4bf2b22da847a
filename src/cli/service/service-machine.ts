/** What `probectl service` reads and changes of the machine. */
export interface ServiceMachine {
  /** A file's text; undefined if there is no such file. */
  readText(path: string): Promise<string | undefined>;
  /** Whether there is a file or directory. */
  exists(path: string): Promise<boolean>;
  /** Replaces a file, readable for all, and makes the directories above it. */
  write(path: string, text: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Runs a program to its end. */
  run(command: readonly string[]): Promise<Ran>;
}

export interface Ran {
  /** undefined: it could not be started */
  readonly code: number | undefined;
  readonly output: string;
}
