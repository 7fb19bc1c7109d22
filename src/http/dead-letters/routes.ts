/** Dead letters: listing what was refused, ran out of retries or could not be published, and sending it again. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { logError } from "../../log.ts";
import { firstShard } from "../../shard.ts";
import { findDeadLetter, readDeadLetters } from "../../storage/index.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { cursorsOf, numberPart, pageOf } from "../shared/cursor.ts";
import { limitParam } from "../shared/params.ts";
import { ProblemError } from "../shared/problem.ts";
import { problemAnswer } from "../shared/problem-schema.ts";
import { rejectInvalid } from "../shared/validation.ts";
import { toWireDeadLetter } from "./format.ts";
import { replayLetters, replayStep } from "./replay.ts";
import { deadLettersSchema, replayedSchema } from "./wire.ts";

const admin = { security: [{ bearer: ["admin"] }], tags: ["maintenance"], middleware: requireScope("admin") };
const listCursors = cursorsOf("dead-letters", z.object({ cursor: numberPart }));
const replayCursors = cursorsOf("replay", z.object({ cursor: numberPart }));
const codeParam = z.string().min(1).max(64).optional().openapi({ description: "Only those with this code" });

const getDeadLetters = createRoute({
  ...admin,
  method: "get",
  path: "/dead-letters",
  summary: "What was refused, ran out of retries or could not be published, oldest first",
  request: {
    query: z.object({ code: codeParam, limit: limitParam(50), cursor: listCursors.param }),
  },
  responses: {
    200: { description: "A page", content: { "application/json": { schema: deadLettersSchema } } },
  },
});

const QUEUED = { description: "Queued", content: { "application/json": { schema: replayedSchema } } };
const NOT_QUEUED = {
  503: problemAnswer("queue_unavailable", "The queue took 3 dead letters, then no more.", {
    replayed: 3,
    failed: [],
    next_cursor: "cmVwbGF5ADM",
  }),
};

const postReplayAll = createRoute({
  ...admin,
  method: "post",
  path: "/dead-letters/replay",
  summary: "Put dead letters back on their queue",
  description:
    "Replays some thousand letters, oldest first, and answers where to go on: send `next_cursor` back as `cursor` until it is null. A letter whose events are applied, or whose event is published, disappears from the list; one that fails again stays. A letter that cannot be sent is named in `failed` and passed by.",
  request: { query: z.object({ code: codeParam, cursor: replayCursors.param }) },
  responses: { 202: QUEUED, ...NOT_QUEUED },
});

const postReplay = createRoute({
  ...admin,
  method: "post",
  path: "/dead-letters/{id}/replay",
  summary: "Put one dead letter back on its queue",
  request: { params: z.object({ id: z.string().min(1).max(200) }) },
  responses: {
    202: QUEUED,
    404: problemAnswer("not_found", "No dead letter has this id."),
    409: problemAnswer(
      "dead_letter_incomplete",
      "Only the beginning of this dead letter was kept, so it cannot be replayed.",
    ),
    ...NOT_QUEUED,
  },
});

export const deadLetterRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(getDeadLetters, async (c) => {
    const { code, limit, cursor } = c.req.valid("query");
    const read = await readDeadLetters(firstShard(c.env).db, code ?? null, cursor?.cursor ?? 0, limit + 1);
    const { shown, next } = pageOf(read, limit, (last) => listCursors.encode({ cursor: last.cursor }));
    return c.json({ data: shown.map(toWireDeadLetter), next_cursor: next }, 200);
  })
  .openapi(postReplayAll, async (c) => {
    const { code, cursor: after } = c.req.valid("query");
    const step = await replayStep(firstShard(c.env).db, c.env, code ?? null, after?.cursor ?? 0);
    const { replayed, remaining, cursor, error } = step;
    const failed = [...step.failed];
    const next = remaining > 0 ? replayCursors.encode({ cursor }) : null;
    if (error !== null) throw notQueued(error, { replayed, failed, next_cursor: next });
    return c.json({ replayed, skipped: failed.length, failed, remaining, next_cursor: next }, 202);
  })
  .openapi(postReplay, async (c) => {
    const { id } = c.req.valid("param");
    const { db } = firstShard(c.env);
    const letter = await findDeadLetter(db, id);
    if (!letter) throw new ProblemError("not_found", "No dead letter has this id.");
    const { replayed, failed, error } = await replayLetters(db, c.env, [letter]);
    const [reason] = failed;
    if (reason) throw new ProblemError(reason.code, reason.detail);
    if (error !== null) throw notQueued(error, { replayed, failed: [], next_cursor: null });
    return c.json({ replayed, skipped: 0, failed: [], remaining: 0, next_cursor: null }, 202);
  });

function notQueued(error: unknown, done: { readonly replayed: number; [extension: string]: unknown }) {
  const { replayed } = done;
  logError("replay_not_sent", error, { replayed });
  return new ProblemError(
    "queue_unavailable",
    `The queue took ${replayed} dead letters, then no more.`,
    done,
  );
}
