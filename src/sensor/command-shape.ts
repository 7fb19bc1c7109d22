/**
 * What the sensor keeps of a command line: its first word and a few counts. The text itself goes no further than this
 * file, and the first word no further than the session it is compared within.
 */

/** A command line reduced to what the derivations need. */
export interface CommandShape {
  /** The first word less its path; `?` if it is no plain word, empty if the line is. Never leaves the sensor. */
  readonly word: string;
  /** Single `|` in the line. */
  readonly pipes: number;
  /** `;`, `&&` and `||` in the line. */
  readonly separators: number;
  /** Lines of text, at least 1. */
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
