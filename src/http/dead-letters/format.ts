/** From a stored dead letter to its wire shape. */
import type { z } from "zod";
import type { DeadLetterRow } from "../../storage/index.ts";
import type { deadLetterSchema } from "./wire.ts";

/** A dead letter, as it is answered. */
export function toWireDeadLetter(letter: DeadLetterRow): z.infer<typeof deadLetterSchema> {
  return {
    id: letter.id,
    code: letter.code,
    field: letter.field,
    detail: letter.detail,
    attempts: letter.attempts,
    received_ts: letter.receivedTs,
    body: letter.body,
    body_bytes: letter.bodyBytes,
    body_sha256: letter.bodySha256,
    truncated: letter.bodySha256 !== null,
  };
}
