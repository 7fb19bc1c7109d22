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
  console.error(JSON.stringify({ level: "error", event, error: nameOf(error), ...facts }));
}

/** The message of an error, cut short. D1 errors that carry parameters never get here: no store wraps them so. */
function nameOf(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 300);
}
