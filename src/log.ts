/** Structured log lines: one JSON object each, with counts and ids, never a value, an address or a token. */

/** Facts of a log line. */
export type LogFacts = Readonly<Record<string, string | number | boolean | null>>;

/** Something that went as it should. */
export function logInfo(event: string, facts: LogFacts): void {
  // eslint-disable-next-line no-console
  console.log(JSON.stringify({ level: "info", event, ...facts }));
}

/** Something that failed and will be tried again, or be seen by its caller. */
export function logError(event: string, error: unknown, facts: LogFacts = {}): void {
  // eslint-disable-next-line no-console
  console.error(JSON.stringify({ level: "error", event, error: reasonOf(error), ...facts }));
}

const QUOTED = /"[^"]*"?|'[^']*'?|`[^`]*`?/g;

/**
 * What an error says, without what it was about: texts in quotes are blanked, since that is where parsers, D1 and SQLite
 * put what they were given, and of a failed query only the cause is told, since the rest is its parameters.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  // What our settings quote is a variable, and no secret is one.
  if (error.name === "ConfigError") return `${error.name}: ${error.message}`;
  if (error.message.startsWith("Failed query")) return error.cause ? reasonOf(error.cause) : "Failed query";
  return `${error.name}: ${error.message.replaceAll(QUOTED, "…")}`.slice(0, 300);
}
