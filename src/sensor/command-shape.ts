/**
 * Reduces a command line to its first word and a few counts. The text does not leave this file. The first word is used
 * for comparisons within its session, and its salted hash is sent if there is a secret (`command-words.ts`); it is never sent itself.
 */

/** The parts of a command line that the findings are derived from. */
export interface CommandShape {
  /** The first word without its path; `?` if it has other characters than a plain word, empty if the line is empty. Never sent. */
  readonly word: string;
  /** Number of single `|` in the line. */
  readonly pipes: number;
  /** Number of `;`, `&&` and `||` in the line. */
  readonly separators: number;
  /** Number of text lines, at least 1. */
  readonly lines: number;
}

const PLAIN_WORD = /^[A-Za-z0-9_.+-]+$/;

/** Reduces a command line.
 * @example shapeOf("/bin/cat /proc/cpuinfo | grep name; uptime") // { word: "cat", pipes: 1, separators: 1, lines: 1 }
 */
export function shapeOf(text: string): CommandShape {
  const trimmed = text.trim();
  const first = trimmed.split(/[\s;|&]/, 1)[0] ?? "";
  const word = first.slice(first.lastIndexOf("/") + 1);
  return {
    word: trimmed === "" || PLAIN_WORD.test(word) ? word : "?",
    pipes: (trimmed.replaceAll("||", "").match(/\|/g) ?? []).length,
    separators: (trimmed.match(/;|&&|\|\|/g) ?? []).length,
    lines: trimmed === "" ? 1 : trimmed.split(/\r\n|\r|\n/).length,
  };
}
