/** Structured log lines: one JSON object per line, with counts and ids. They never hold a value, an address or a token. */

/** Facts of a log line. */
export type LogFacts = Readonly<Record<string, string | number | boolean | null>>;

/** Logs a success. */
export function logInfo(event: string, facts: LogFacts): void {
  // eslint-disable-next-line no-console
  console.log(JSON.stringify({ level: "info", event, ...facts }));
}

/** Logs a failure that is retried or returned to the caller. */
export function logError(event: string, error: unknown, facts: LogFacts = {}): void {
  // eslint-disable-next-line no-console
  console.error(JSON.stringify({ level: "error", event, error: reasonOf(error), ...facts }));
}

const QUOTED = /"[^"]*"?|'[^']*'?|`[^`]*`?/g;

/**
 * The message of an error without the data that caused it. Quoted texts are replaced, because parsers, D1 and SQLite quote
 * their input. Of a failed query only the cause is used, because its own message holds the parameters.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  // A ConfigError quotes a variable, and variables hold no secrets.
  if (error.name === "ConfigError") return `${error.name}: ${error.message}`;
  if (error.message.startsWith("Failed query")) return error.cause ? reasonOf(error.cause) : "Failed query";
  return `${error.name}: ${error.message.replaceAll(QUOTED, "…")}`.slice(0, 300);
}
