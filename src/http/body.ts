/** Reading request bodies: counted while they are read, so that a limit holds whatever the headers say. */
import { ProblemError } from "./problem.ts";

/** The longest body of an ingest request. */
export const INGEST_LIMIT_BYTES = 8 * 1024 * 1024;

/**
 * The text of a body.
 * @throws ProblemError `too_large` as soon as more than `maxBytes` were read
 */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const tooLarge = () => new ProblemError("too_large", `The body must be at most ${maxBytes} bytes long.`);
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  if (!request.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/**
 * The events of an ingest body: one JSON value or a list of them, or one a line. A list under `events` counts as its
 * members. What is not JSON stays text, to be refused in its place.
 */
export function splitEvents(body: string): unknown[] {
  const whole = parse(body);
  if (whole.ok) return flatten(Array.isArray(whole.value) ? whole.value : [whole.value]);
  const lines = body.split("\n").filter((line) => line.trim() !== "");
  return flatten(
    lines.map((line) => {
      const parsed = parse(line);
      return parsed.ok ? parsed.value : line;
    }),
  );
}

function flatten(values: readonly unknown[]): unknown[] {
  return values.flatMap((value) =>
    typeof value === "object" && value !== null && "events" in value && Array.isArray(value.events)
      ? value.events
      : [value],
  );
}

function parse(text: string): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}
