/** Fills the generated parts of a page. Two markers with the name of a part enclose it. */

/**
 * The page with its generated parts.
 * @param parts - text by name; the page must have the markers `<!-- name -->` and `<!-- /name -->`
 * @throws Error naming a part whose markers are missing
 */
export function filled(page: string, parts: Readonly<Record<string, string>>): string {
  let text = page;
  for (const [name, part] of Object.entries(parts)) {
    const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [start, end] = [text.indexOf(open), text.indexOf(close)];
    if (start < 0 || end < start) throw new Error(`the page must have ${open} and then ${close}`);
    text = `${text.slice(0, start + open.length)}\n\n${part}\n\n${text.slice(end)}`;
  }
  return text;
}
