/** Dead letters: listing what was refused or ran out of retries, and putting it back on the queue. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { type DeadLetterRow, findDeadLetter, readDeadLetters } from "../storage/index.ts";
import { logError } from "../log.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { cursorsOf, numberPart, pageOf } from "./cursor.ts";
import { limitParam } from "./params.ts";
import { ProblemError } from "./problem.ts";
import { problemAnswer } from "./problem-schema.ts";
import { rejectInvalid } from "./validation.ts";

/** Letters put back at a time: the limit of the queue's `sendBatch`, by number and by bytes. */
const PAGE_LETTERS = 100;
const SEND_LIMIT_BYTES = 250_000;
/** Bytes of a message besides the letter itself. */
const FRAME_BYTES = 512;
/** Letters put back by one request; whoever has more asks again. */
const REPLAY_MOST = 5_000;

const deadLetterSchema = z
  .object({
    id: z.string(),
    code: z.string(),
    field: z.string(),
    detail: z.string(),
    attempts: z.number().int(),
    received_ts: z.number(),
    body: z.string().openapi({ description: "What came, or its beginning if `truncated`" }),
    body_bytes: z.number().int(),
    body_sha256: z.string().nullable().openapi({ description: "Digest of the whole, where it is truncated" }),
    truncated: z.boolean(),
  })
  .openapi("DeadLetter");

const admin = { security: [{ bearer: ["admin"] }], tags: ["maintenance"], middleware: requireScope("admin") };
const cursors = cursorsOf("dead-letters", z.object({ cursor: numberPart }));
const codeParam = z.string().min(1).max(64).optional().openapi({ description: "Only those with this code" });

const getDeadLetters = createRoute({
  ...admin,
  method: "get",
  path: "/dead-letters",
  summary: "What was refused or ran out of retries, oldest first",
  request: {
    query: z.object({ code: codeParam, limit: limitParam(50), cursor: cursors.param }),
  },
  responses: {
    200: {
      description: "A page",
      content: {
        "application/json": {
          schema: z
            .object({ data: z.array(deadLetterSchema), next_cursor: z.string().nullable() })
            .openapi("DeadLetters"),
        },
      },
    },
  },
});

const replayedSchema = z
  .object({
    replayed: z.number().int(),
    skipped: z.number().int().openapi({ description: "Kept truncated, so there is nothing whole to replay" }),
    remaining: z.boolean().openapi({ description: "Whether there are more than one request puts back" }),
  })
  .openapi("Replayed");

const NOT_QUEUED = {
  503: problemAnswer("queue_unavailable", "The queue took 3 dead letters and then no more.", { replayed: 3 }),
};

const postReplayAll = createRoute({
  ...admin,
  method: "post",
  path: "/dead-letters/replay",
  summary: "Put dead letters back on the queue; one that comes through disappears from the list",
  request: { query: z.object({ code: codeParam }) },
  responses: {
    202: { description: "Queued", content: { "application/json": { schema: replayedSchema } } },
    ...NOT_QUEUED,
  },
});

const postReplay = createRoute({
  ...admin,
  method: "post",
  path: "/dead-letters/{id}/replay",
  summary: "Put one dead letter back on the queue",
  request: { params: z.object({ id: z.string().min(1).max(200) }) },
  responses: {
    202: { description: "Queued", content: { "application/json": { schema: replayedSchema } } },
    404: problemAnswer("not_found", "No dead letter has this id."),
    409: problemAnswer("senseless", "This dead letter was kept truncated: there is nothing whole to replay."),
    ...NOT_QUEUED,
  },
});

export const deadLetterRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(getDeadLetters, async (c) => {
    const { code, limit, cursor } = c.req.valid("query");
    const read = await readDeadLetters(c.env.DB, code ?? null, cursor?.cursor ?? 0, limit + 1);
    const { shown, next } = pageOf(read, limit, (last) => cursors.encode({ cursor: last.cursor }));
    return c.json({ data: shown.map(toWire), next_cursor: next }, 200);
  })
  .openapi(postReplayAll, async (c) => {
    const { code } = c.req.valid("query");
    let [replayed, skipped, after] = [0, 0, 0];
    for (;;) {
      const page = await readDeadLetters(c.env.DB, code ?? null, after, PAGE_LETTERS);
      const last = page.at(-1);
      if (!last) return c.json({ replayed, skipped, remaining: false }, 202);
      const whole = page.filter(({ bodySha256 }) => bodySha256 === null);
      await putBack(c.env.OBSERVATION_QUEUE, whole, replayed);
      replayed += whole.length;
      skipped += page.length - whole.length;
      after = last.cursor;
      if (replayed >= REPLAY_MOST) return c.json({ replayed, skipped, remaining: true }, 202);
    }
  })
  .openapi(postReplay, async (c) => {
    const { id } = c.req.valid("param");
    const letter = await findDeadLetter(c.env.DB, id);
    if (!letter) throw new ProblemError("not_found", "No dead letter has this id.");
    if (letter.bodySha256 !== null) {
      throw new ProblemError(
        "senseless",
        "This dead letter was kept truncated: there is nothing whole to replay.",
      );
    }
    await putBack(c.env.OBSERVATION_QUEUE, [letter], 0);
    return c.json({ replayed: 1, skipped: 0, remaining: false }, 202);
  });

function toWire(letter: DeadLetterRow): z.infer<typeof deadLetterSchema> {
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

/**
 * Sends letters to the queue, each as a message of its own that says which letter it is of.
 * @param before - how many this request has put back already, for the answer if the queue stops taking them
 */
async function putBack(
  queue: Pick<Queue, "sendBatch">,
  letters: readonly DeadLetterRow[],
  before: number,
): Promise<void> {
  let sent = before;
  for (const group of groups(letters)) {
    try {
      await queue.sendBatch(
        group.map((letter) => ({ body: toMessage(letter), contentType: "json" as const })),
      );
    } catch (error) {
      logError("replay_not_sent", error, { replayed: sent });
      throw new ProblemError("queue_unavailable", `The queue took ${sent} dead letters and then no more.`, {
        replayed: sent,
      });
    }
    sent += group.length;
  }
}

function groups(letters: readonly DeadLetterRow[]): DeadLetterRow[][] {
  const all: DeadLetterRow[][] = [];
  let bytes = 0;
  for (const letter of letters) {
    const length = letter.bodyBytes + FRAME_BYTES;
    const group = all.at(-1);
    if (group && bytes + length <= SEND_LIMIT_BYTES) {
      group.push(letter);
      bytes += length;
    } else {
      all.push([letter]);
      bytes = length;
    }
  }
  return all;
}

/** A letter as a message: its event, or all of them, and the letter's own id beside. */
function toMessage(letter: DeadLetterRow): Record<string, unknown> {
  const body = parsed(letter.body);
  const isList = typeof body === "object" && body !== null && "events" in body && Array.isArray(body.events);
  return { events: isList ? body.events : [body], replay_of: letter.id };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
