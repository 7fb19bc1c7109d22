/** A page with parts that are made: each stands between two markers that name it. */

/**
 * The page with its parts in place.
 * @param parts - by name; each must have its markers, `<!-- name -->` and `<!-- /name -->`
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
