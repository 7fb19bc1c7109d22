/** Dead letters for tests. */
import type { DeadLetter } from "../../src/storage/index.ts";

/** A dead letter with a body of one's choice. */
export function letter(id: string, body: unknown): DeadLetter {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    id,
    code: "invalid_field",
    field: "x",
    detail: "x",
    attempts: 1,
    receivedTs: 1,
    body: text,
    bodyBytes: text.length,
    bodySha256: null,
  };
}
