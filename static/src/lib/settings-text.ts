// Searching in YAML without losing where one is.

/** Lines that have the text, with the sections that they belong to. */
export function linesWith(text: string, search: string): string {
  const wanted = search.trim().toLowerCase();
  if (wanted === '') return text;
  const parents: { depth: number; line: string; shown: boolean }[] = [];
  const result: string[] = [];
  for (const line of text.split('\n')) {
    const depth = line.length - line.trimStart().length;
    while (parents.length > 0 && parents.at(-1)!.depth >= depth) parents.pop();
    const path = [...parents.map((parent) => parent.line.trim()), line.trim()].join(' ');
    if (line.trim() !== '' && path.toLowerCase().includes(wanted)) {
      for (const parent of parents) {
        if (!parent.shown) result.push(parent.line);
        parent.shown = true;
      }
      result.push(line);
      parents.push({ depth, line, shown: true });
    } else {
      parents.push({ depth, line, shown: false });
    }
  }
  return result.join('\n');
}
