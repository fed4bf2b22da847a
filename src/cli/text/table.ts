import { type Paint, widthOf } from '../colour.js';

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly align?: 'left' | 'right';
  /** Columns with this may be cut down to so many characters, the first of them first. */
  readonly cut?: { readonly least: number; readonly at: 'end' | 'middle' };
  readonly paint?: (row: Row, text: string) => string;
}

const GAP = '  ';

/** Lines of a table, no wider than `columns` as long as what may be cut suffices. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { columns: limit, paint }: { readonly columns: number; readonly paint: Paint },
): string[] {
  const cells = rows.map((row) => columns.map((column) => column.text(row)));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...cells.map((line) => widthOf(line[i]))));
  let excess = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - limit;
  columns.forEach(({ cut, title }, i) => {
    if (!cut || excess <= 0) return;
    const less = Math.min(excess, Math.max(0, widths[i] - Math.max(cut.least, title.length)));
    widths[i] -= less;
    excess -= less;
  });
  const layOut = (line: readonly string[], finish: (text: string, i: number) => string): string =>
    line
      .map((text, i) => {
        const shown = shorten(text, widths[i], columns[i].cut?.at ?? 'end');
        const padding = ' '.repeat(Math.max(0, widths[i] - widthOf(shown)));
        const painted = finish(shown, i);
        return columns[i].align === 'right' ? padding + painted : painted + padding;
      })
      .join(GAP)
      .trimEnd();
  return [
    layOut(
      columns.map(({ title }) => title),
      (title) => paint('bold', title),
    ),
    ...rows.map((row, r) => layOut(cells[r], (text, i) => columns[i].paint?.(row, text) ?? text)),
  ];
}

/** Serial numbers of one maker differ at their end: cut in the middle they can still be told apart. */
function shorten(text: string, width: number, at: 'end' | 'middle'): string {
  const letters = Array.from(text);
  if (letters.length <= width) return text;
  const tail = at === 'middle' ? Math.floor((width - 1) / 2) : 0;
  return [...letters.slice(0, width - 1 - tail), '…', ...letters.slice(letters.length - tail)].join('');
}
