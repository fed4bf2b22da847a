// Manual pages out of the pages in docs/, which tests hold against the code: man(7).

export interface ManPage {
  /** "probectl" */
  readonly name: string;
  readonly section: 1 | 5 | 8;
  /** What it is, in half a line. */
  readonly summary: string;
  /** Names with sections: "probed(8)". */
  readonly seeAlso: readonly string[];
  /** The page in Markdown; its first heading is left out. */
  readonly source: string;
}

/** @returns troff source */
export function manPage({ name, section, summary, seeAlso, source }: ManPage): string {
  const blocks = blocksOf(source);
  const opening = blocks.findIndex(({ kind }) => kind !== 'code');
  const synopsis = blocks.slice(0, opening).map(render);
  const troff = [
    `.TH ${name.toUpperCase()} ${section} "" probed`,
    '.SH NAME',
    `${escape(name)} \\- ${escape(summary)}`,
    ...(synopsis.length > 0 ? ['.SH SYNOPSIS', ...synopsis] : []),
    '.SH DESCRIPTION',
    ...blocks.slice(opening).map(render),
    '.SH SEE ALSO',
    seeAlso.map((page) => page.replace(/^(.*)\((.)\)$/, '.BR $1 ($2)')).join(' ,\n'),
    '.PP',
    inline('Documents named `*.md` are in `/usr/share/doc/probed`, and in the folder `docs` of the package for npm.'),
    '',
  ].join('\n');
  return troff.replace(/^(\.S[HS] .*)\n\.PP$/gm, '$1');
}

interface Block {
  readonly kind: 'code' | 'table' | 'item' | 'heading' | 'text';
  readonly lines: string[];
}

/** Lines that belong together. */
function blocksOf(source: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  for (const line of source
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/^# .*\n/, '')
    .split('\n')) {
    const isFence = line.startsWith('```');
    if (open?.kind === 'code') {
      if (isFence) open = undefined;
      else open.lines.push(line);
      continue;
    }
    const kind = kindOf(line);
    if (line === '') open = undefined;
    else if (open && (open.kind === kind ? kind !== 'item' : open.kind === 'item' && kind === 'text'))
      open.lines.push(line);
    else blocks.push((open = { kind, lines: isFence ? [] : [line] }));
  }
  return blocks;
}

function kindOf(line: string): Block['kind'] {
  if (line.startsWith('```')) return 'code';
  if (line.startsWith('|')) return 'table';
  if (line.startsWith('#')) return 'heading';
  return line.startsWith('- ') ? 'item' : 'text';
}

function render({ kind, lines }: Block): string {
  const text = lines.map((line) => line.trim()).join(' ');
  switch (kind) {
    case 'code':
      return ['.PP', '.RS 4', '.nf', ...lines.map((line) => escape(line)), '.fi', '.RE'].join('\n');
    case 'table':
      return table(lines);
    case 'item':
      return `.IP \\(bu 2\n${inline(text.slice(2))}`;
    case 'heading':
      return text.startsWith('### ') ? `.SS ${inline(text.slice(4))}` : `.SH ${escape(text.slice(3)).toUpperCase()}`;
    case 'text':
      return `.PP\n${inline(text.replace(/ ?Tests compare .* with the code\./, ''))}`;
  }
}

/** The first cell of a row is what it is about; the column of the meaning says it, and others add to it. */
function table(lines: readonly string[]): string {
  const [[, ...titles] = [], , ...rows] = lines.map(cellsOf);
  const meaning = Math.max(titles.indexOf('meaning'), 0);
  return rows
    .map(([tag = '', ...cells]) => {
      const others = cells.flatMap((cell, i) =>
        i === meaning || cell === '–' ? [] : [sentence(`${capital(titles[i])}: ${cell}`)],
      );
      return `.TP\n${inline(tag)}\n${inline([sentence(cells[meaning]), ...others].join(' '))}`;
    })
    .join('\n');
}

function capital(title: string): string {
  return title.startsWith('macOS') ? title : title.charAt(0).toUpperCase() + title.slice(1);
}

function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|').replaceAll('\\*', '*'));
}

function sentence(text: string): string {
  return /[.:!?]$/.test(text) ? text : `${text}.`;
}

/** Code in bold, links as their text. */
function inline(text: string): string {
  const rendered = text
    .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .split(/(`[^`]+`)/)
    .map((part) => (/^`.+`$/.test(part) ? `\\fB${escape(part.slice(1, -1))}\\fR` : escape(part)))
    .join('');
  return rendered.replace(/^(?=[.'])/, '\\&');
}

/** What troff reads as a command or as another character: groff_char(7). */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll('`', '\\(ga')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('…', '...')
    .replaceAll('–', '\\(en')
    .replace(/^(?=[.'])/, '\\&');
}
