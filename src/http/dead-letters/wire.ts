/** Dead letters, and what became of replaying them, as they are answered. */
import * as z from "zod";
import { described, named, pageSchema } from "../shared/schema.ts";

export const deadLetterSchema = named(
  "DeadLetter",
  z.object({
    id: z.string(),
    code: z.string(),
    field: z.string(),
    detail: z.string(),
    attempts: z.int(),
    received_ts: z.number(),
    body: described(z.string(), "The body, or its beginning if `truncated`"),
    body_bytes: described(z.int(), "UTF-8 bytes of the whole body"),
    body_sha256: described(z.nullable(z.string()), "Digest of the whole body if `truncated`, else null"),
    truncated: z.boolean(),
  }),
);

/** A page of dead letters. */
export const deadLettersSchema = pageSchema("DeadLetters", deadLetterSchema);

/** Answer to both replays. */
export const replayedSchema = named(
  "Replayed",
  z.object({
    replayed: described(z.int(), "Letters that this request put on a queue"),
    skipped: described(z.int(), "Letters that cannot be sent, and stay: as many as `failed` names"),
    failed: z.array(
      z.object({
        id: z.string(),
        code: described(z.string(), "`dead_letter_incomplete` or `message_too_large`"),
        detail: z.string(),
      }),
    ),
    remaining: described(z.int(), "Letters that this request did not reach"),
    next_cursor: described(
      z.nullable(z.string()),
      "Send it back as `cursor` to replay the remaining letters; null if there are none",
    ),
  }),
);
