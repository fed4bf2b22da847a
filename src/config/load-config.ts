// Defaults, then the file, then the command line -> one frozen Config, or every mistake that is in them.

import { readFileSync } from 'node:fs';
import { checkFile, type KeyComplaint } from './check-file.js';
import type { CommandLineSettings } from './command-line.js';
import { type Complaint, ConfigError, UsageError } from './config-error.js';
import type { Config, Source } from './config.js';
import { crossCheck } from './cross-checks.js';
import { defaultSettings } from './default-settings.js';
import { freezeDeep } from './freeze-deep.js';
import { parseToml } from './parse-toml.js';
import type { Paths } from './paths.js';
import { MAX_PORT } from './schema-parts.js';
import { type FileSettings, lists, type Settings } from './schema.js';
import { type KeyPath, type Position, TomlPositions } from './toml-positions.js';

export interface LoadOptions {
  readonly commandLine: CommandLineSettings;
  readonly paths: Paths;
  /** The families of probes there are; left out: not checked. */
  readonly families?: readonly string[];
  /** What is wrong with the options of a simulated probe, if anything. */
  readonly simulatedProblem?: (options: readonly string[]) => string | undefined;
  /** Throws as `readFileSync` does. */
  readonly readFile?: (file: string) => Uint8Array;
}

/**
 * Reads the file that `--config` names, or the first of `paths.configFiles` that exists; none is fine then.
 *
 * @throws ConfigError  with every mistake there is
 * @throws UsageError   if the command line alone is to blame
 */
export function loadConfig(options: LoadOptions): Config {
  const { commandLine, paths, families, simulatedProblem = () => undefined } = options;
  const found = readConfigFile(commandLine.configFile, paths.configFiles, options.readFile ?? readFileSync);
  const sources = new Sources(commandLine, found);
  const settings = merge(paths, sources.file, commandLine.settings);
  const isSet = (path: KeyPath) => sources.find(path) !== 'default';
  const { platform } = paths;
  sources.refuseMistakes(crossCheck(settings, { isSet, platform, families, simulatedProblem }));

  const { listen, limits, access, audit, control, log, state, simulate } = settings;
  const { memoryHandles } = commandLine;
  return freezeDeep<Config>({
    ...(found && { file: found.file }),
    ports: { first: listen.first_port, last: Math.min(listen.first_port + listen.port_count - 1, MAX_PORT) },
    simulate: simulate.flatMap(({ count, options: words }) =>
      Array.from({ length: count }, () => ({ options: words })),
    ),
    ...(memoryHandles !== undefined && { memoryHandles }),
    limits: {
      maxClients: limits.clients_per_probe,
      maxClientsPerAddress: limits.clients_per_address,
      maxLineBytes: limits.line_bytes,
      maxBacklogBytes: limits.backlog_bytes,
      maxBacklogRequests: limits.backlog_requests,
      lockIdleTimeoutMs: milliseconds(limits.lock_idle_timeout),
      clientTimeoutMs: milliseconds(limits.client_timeout),
      shutdownGraceMs: milliseconds(limits.shutdown_grace),
    },
    access: {
      ...(access.local_group !== '' && { localGroup: access.local_group }),
      refusal: access.refusal,
      queueTimeoutMs: milliseconds(access.queue_timeout),
      longestReservationMs: milliseconds(access.longest_reservation),
    },
    audit: {
      ...(audit.file !== '' && { file: audit.file }),
      maxBytes: audit.file_bytes,
      files: audit.files,
    },
    control: {
      socketPath: control.socket,
      ...(control.group !== '' && { group: control.group }),
      mode: Number.parseInt(control.mode, 8),
    },
    log,
    stateDirectory: state.directory,
    settings,
    sourceOf: (path) => sources.find(path),
  });
}

function merge(paths: Paths, file: FileSettings, commandLine: FileSettings): Settings {
  const defaults = defaultSettings(paths);
  return {
    listen: { ...defaults.listen, ...file.listen, ...commandLine.listen },
    limits: { ...defaults.limits, ...file.limits, ...commandLine.limits },
    access: { ...defaults.access, ...file.access, ...commandLine.access },
    audit: { ...defaults.audit, ...file.audit, ...commandLine.audit },
    control: { ...defaults.control, ...file.control, ...commandLine.control },
    families: { ...defaults.families, ...file.families, ...commandLine.families },
    log: { ...defaults.log, ...file.log, ...commandLine.log },
    state: { ...defaults.state, ...file.state, ...commandLine.state },
    // Lists are replaced, not joined: `--simulate` means these and no others.
    probe: (commandLine.probe ?? file.probe ?? []).map((entry) => ({ uid: '', ...defaults.probe, ...entry })),
    match: commandLine.match ?? file.match ?? [],
    ignore: commandLine.ignore ?? file.ignore ?? [],
    simulate: (commandLine.simulate ?? file.simulate ?? []).map((entry) => ({ ...defaults.simulate, ...entry })),
  };
}

interface FoundFile {
  readonly file: string;
  readonly text: string;
}

function readConfigFile(
  named: string | undefined,
  candidates: readonly string[],
  readFile: (file: string) => Uint8Array,
): FoundFile | undefined {
  for (const file of named === undefined ? candidates : [named]) {
    let bytes: Uint8Array;
    try {
      bytes = readFile(file);
    } catch (error) {
      const code = error instanceof Error ? String(Reflect.get(error, 'code')) : '';
      // ENOTDIR: a part of the path is a file, so the file does not exist either.
      if (named === undefined && (code === 'ENOENT' || code === 'ENOTDIR')) continue;
      throw new ConfigError([{ where: file, what: unreadable(code, error) }], { cause: error });
    }
    try {
      return { file, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
    } catch (error) {
      const where = `${file}:${firstNoText(bytes)}`;
      throw new ConfigError([{ where, what: 'this is not UTF-8 text: allowed is a TOML file' }], { cause: error });
    }
  }
  return undefined;
}

/** Where the first bytes are that are no UTF-8: "line:column". */
function firstNoText(bytes: Uint8Array): string {
  // What is no text becomes U+FFFD, which hardly anybody writes into a config.
  const before = new TextDecoder('utf-8').decode(bytes).split('\ufffd', 1)[0].split('\n');
  return `${before.length}:${(before.at(-1) ?? '').length + 1}`;
}

function unreadable(code: string, error: unknown): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file: name one that exists, or leave out --config';
    case 'EISDIR':
      return 'this is a directory: name the file in it';
    case 'EACCES':
    case 'EPERM':
      return 'no permission to read it: let the user probed runs as read it';
    default:
      return `it cannot be read: ${error instanceof Error ? error.message : code}`;
  }
}

/** Options of the command line, by the key they set. */
const optionNames = new Map([
  ['listen.addresses', '--host'],
  ['listen.allow_remote', '--allow-remote'],
  ['listen.first_port', '--port'],
  ['simulate', '--simulate'],
  ['match', '--uid'],
  ['log.level', '--log-level'],
]);

/** The file, and who said what. */
class Sources {
  readonly file: FileSettings = {};
  readonly #mistakes: Located[] = [];
  readonly #understood: string = '';
  #positions: TomlPositions | undefined;

  constructor(
    private readonly commandLine: CommandLineSettings,
    private readonly found: FoundFile | undefined,
  ) {
    if (!found) return;
    const { document, understood, errors } = parseToml(found.text);
    this.#understood = understood;
    for (const { what, ...position } of errors) this.#mistakes.push({ what, position });
    const { values, complaints } = checkFile(document);
    this.file = values;
    for (const complaint of complaints) this.#mistakes.push(this.#locate(complaint));
  }

  find(path: KeyPath): Source {
    if (this.#isOnCommandLine(path)) return 'command line';
    if (!this.found || !has(this.file, path)) return 'default';
    const { line, column } = this.#where.key(path);
    return `${this.found.file}:${line}:${column}`;
  }

  /** @throws ConfigError or UsageError, if there are any with those found in the file before */
  refuseMistakes(more: readonly KeyComplaint[]): void {
    for (const complaint of more) {
      // The file is not to blame for what the command line says.
      this.#mistakes.push(
        this.#isOnCommandLine(complaint.path)
          ? { what: complaint.what, option: optionOf(complaint.path) }
          : this.#locate(complaint),
      );
    }
    if (this.#mistakes.length === 0) return;
    const sorted = this.#mistakes.toSorted(byPosition).map((mistake): Complaint => ({
      where: mistake.option ?? this.#describe(mistake.position),
      what: mistake.what,
    }));
    if (this.#mistakes.every(({ option }) => option !== undefined)) {
      throw new UsageError(sorted.map(({ where, what }) => `${where}: ${what}`).join('\n'));
    }
    throw new ConfigError(sorted);
  }

  /** Made when first asked for: a file without mistakes is read by one parser only. */
  get #where(): TomlPositions {
    this.#positions ??= new TomlPositions(this.#understood);
    return this.#positions;
  }

  #locate({ path, at, what }: KeyComplaint): Located {
    return { what, position: at === 'key' ? this.#where.key(path) : this.#where.value(path) };
  }

  #describe(position: Position | undefined): string {
    const file = this.found?.file ?? 'default';
    return position ? `${file}:${position.line}:${position.column}` : file;
  }

  #isOnCommandLine(path: KeyPath): boolean {
    const [table = ''] = path;
    // A list of the command line replaces that of the file.
    return has(this.commandLine.settings, Object.hasOwn(lists, table) ? [table] : path.slice(0, 2));
  }
}

/** A mistake in the file, or in an option of the command line. */
interface Located {
  readonly what: string;
  readonly position?: Position;
  readonly option?: string;
}

function byPosition(a: Located, b: Located): number {
  const [first, second] = [a.position ?? { line: 0, column: 0 }, b.position ?? { line: 0, column: 0 }];
  return first.line - second.line || first.column - second.column;
}

function optionOf([table = '', key = '']: KeyPath): string {
  return optionNames.get(String(table)) ?? optionNames.get(`${table}.${key}`) ?? 'command line';
}

function has(settings: object, path: KeyPath): boolean {
  let value: unknown = settings;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return false;
    value = Reflect.get(value, part);
  }
  return true;
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000);
}
