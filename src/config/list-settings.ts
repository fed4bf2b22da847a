import type { Config, Source } from './config.js';
import type { KeyPath } from './toml-positions.js';

/** One key as `probectl show` prints it. */
export interface ListedSetting {
  /** "listen.first_port", "probe[0].name" */
  readonly key: string;
  /** As the file writes it, in its units. */
  readonly value: unknown;
  readonly source: Source;
}

/** Every setting that holds, defaults included, in the order of the reference page. */
export function listSettings(config: Config): readonly ListedSetting[] {
  return Object.entries(config.settings).flatMap(([table, content]) =>
    Array.isArray(content)
      ? content.flatMap((entry: object, index) => listKeys(config, [table, index], entry))
      : listKeys(config, [table], content),
  );
}

function listKeys(config: Config, path: KeyPath, keys: object): readonly ListedSetting[] {
  const [table] = path;
  const index = path.at(1);
  const prefix = index === undefined ? String(table) : `${table}[${index}]`;
  return Object.entries(keys).map(([key, value]: [string, unknown]) => ({
    key: `${prefix}.${key}`,
    value,
    source: config.sourceOf([...path, key]),
  }));
}
