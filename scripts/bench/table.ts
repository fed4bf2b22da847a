// Figures as people and as programs read them.

export type Row = Readonly<Record<string, string | number | undefined>>;

export interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
  /** What has to be known to read it. */
  readonly note?: string;
}

const GAP = 2;

/** Prints a table: texts to the left, numbers to the right, a dash for what was not measured. */
export function printTable({ title, rows, note }: Table): void {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = rows.map((row) => names.map((name) => (row[name] === undefined ? '-' : String(row[name]))));
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((line) => line[i].length)));
  const isText = names.map((name) => rows.some((row) => typeof row[name] === 'string'));
  const lineOf = (line: readonly string[]): string =>
    line.map((cell, i) => (isText[i] ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' '.repeat(GAP));
  console.log(`\n${title}\n${[names, ...cells].map((line) => lineOf(line).trimEnd()).join('\n')}`);
  if (note !== undefined) console.log(note);
}

export function rounded(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}
