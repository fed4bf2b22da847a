/** One line of group(5). */
export interface Group {
  readonly name: string;
  readonly id: number;
  readonly members: readonly string[];
}

/** @param file  text of /etc/group; undefined if it cannot be read */
export function groupNamed(file: string | undefined, name: string): Group | undefined {
  return parse(file).find((group) => group.name === name);
}

export function groupOfId(file: string | undefined, id: number): Group | undefined {
  return parse(file).find((group) => group.id === id);
}

function parse(file = ''): readonly Group[] {
  return file.split('\n').flatMap((line) => {
    const [name = '', , id = '', members = ''] = line.split(':');
    return /^\d+$/.test(id)
      ? [{ name, id: Number(id), members: members.split(',').filter((user) => user !== '') }]
      : [];
  });
}
