/** For the admin scope: merging and unmerging identities, recomputing one, erasing an attacker. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { cellOf, cellOfIdentity, findCell } from "../cells.ts";
import { logError } from "../log.ts";
import { carryOutErasure, tellMerge } from "../maintenance/index.ts";
import {
  beginErasure,
  hasIdentity,
  mergeIdentities,
  resolveIdentity,
  unmergeIdentity,
} from "../storage/index.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { ProblemError } from "./problem.ts";
import { NOT_FOUND, problemAnswer } from "./problem-schema.ts";
import { rejectInvalid } from "./validation.ts";
import { uuidParam } from "./wire.ts";

const params = z.object({ uuid: uuidParam });

const movedSchema = z
  .object({
    winner_uuid: z.string(),
    loser_uuid: z.string(),
    attacker_uuids: z.array(z.string()),
    /** Whether every state is recomputed already; if not, that goes on by itself. */
    done: z.boolean(),
  })
  .openapi("Moved");

const admin = { security: [{ bearer: ["admin"] }], tags: ["maintenance"], middleware: requireScope("admin") };
const answers = <T extends z.ZodType>(description: string, schema: T) => ({
  200: { description, content: { "application/json": { schema } } },
});

const postMerge = createRoute({
  ...admin,
  method: "post",
  path: "/identities/{uuid}/merge",
  summary: "Merge another identity into this one",
  request: {
    params,
    body: {
      required: true,
      content: { "application/json": { schema: z.object({ loser_uuid: uuidParam }).openapi("Merge") } },
    },
  },
  responses: {
    ...answers("Merged", movedSchema),
    ...NOT_FOUND,
    409: problemAnswer("conflict_self_merge", "An identity cannot be merged into itself."),
  },
});

const postUnmerge = createRoute({
  ...admin,
  method: "post",
  path: "/identities/{uuid}/unmerge",
  summary: "Give an identity back what it brought into the latest merge of its winner",
  request: { params },
  responses: {
    ...answers("Unmerged", movedSchema),
    ...NOT_FOUND,
    409: problemAnswer(
      "not_merged",
      "The identity 44dcda6a-0000-4000-8000-8775a8501e2c is not merged into another one.",
    ),
  },
});

const postRebuild = createRoute({
  ...admin,
  method: "post",
  path: "/identities/{uuid}/rebuild",
  summary: "Recompute an identity's states from the stored observations",
  request: { params },
  responses: {
    ...answers(
      "Recomputed, or recorded",
      z.object({ identity_uuid: z.string(), done: z.boolean() }).openapi("Rebuilt"),
    ),
    ...NOT_FOUND,
  },
});

const deleteAttacker = createRoute({
  ...admin,
  method: "delete",
  path: "/attackers/{uuid}",
  summary: "Erase an attacker, its observations and its share of every state",
  request: { params },
  responses: {
    ...answers(
      "Erased",
      z.object({ attacker_uuid: z.string(), erased_ts: z.number(), done: z.boolean() }).openapi("Erased"),
    ),
    404: problemAnswer("not_found", "No attacker 1b4e28ba-2fa1-4d2c-883f-0016d3cca427 is known."),
  },
});

export const adminRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(postMerge, async (c) => {
    const { uuid: winnerUuid } = c.req.valid("param");
    const { loser_uuid: loserUuid } = c.req.valid("json");
    if (winnerUuid === loserUuid) {
      throw new ProblemError("conflict_self_merge", "An identity cannot be merged into itself.");
    }
    const [home, loserHome] = await Promise.all([findCell(c.env, winnerUuid), findCell(c.env, loserUuid)]);
    if (home && loserHome && home !== loserHome) {
      throw new ProblemError(
        "different_databases",
        `The identities ${winnerUuid} and ${loserUuid} are in different databases, so they cannot be merged.`,
      );
    }
    const cell = home ?? loserHome ?? c.env;
    const merged = await mergeIdentities(cell.DB, winnerUuid, loserUuid, Date.now() / 1_000);
    if (merged.outcome === "unknown") {
      throw new ProblemError("not_found", `No identity ${merged.identityUuid} is known.`);
    }
    if (merged.outcome === "merged_away") {
      throw new ProblemError(
        "already_merged",
        `The identity ${merged.identityUuid} is merged into ${merged.intoUuid} already.`,
      );
    }
    const untold = { id: merged.mergeId, winnerUuid, loserUuid, isUndone: false };
    const done = await attempt("merge_not_told", () => tellMerge(cell, untold));
    return c.json(
      { winner_uuid: winnerUuid, loser_uuid: loserUuid, attacker_uuids: uuidsOf(merged.links), done },
      200,
    );
  })
  .openapi(postUnmerge, async (c) => {
    const { uuid: loserUuid } = c.req.valid("param");
    const cell = await cellOfIdentity(c.env, loserUuid);
    const undone = await unmergeIdentity(cell.DB, loserUuid, Date.now() / 1_000);
    if (undone.outcome === "unknown")
      throw new ProblemError("not_found", `No identity ${loserUuid} is known.`);
    if (undone.outcome === "not_merged") {
      throw new ProblemError("not_merged", `The identity ${loserUuid} is not merged into another one.`);
    }
    if (undone.outcome === "not_latest") {
      throw new ProblemError(
        "not_latest_merge",
        `A later merge has to be undone first: that of ${undone.laterLoserUuid}.`,
      );
    }
    const { mergeId, winnerUuid, links } = undone;
    const untold = { id: mergeId, winnerUuid, loserUuid, isUndone: true };
    const done = await attempt("unmerge_not_told", () => tellMerge(cell, untold));
    return c.json(
      { winner_uuid: winnerUuid, loser_uuid: loserUuid, attacker_uuids: uuidsOf(links), done },
      200,
    );
  })
  .openapi(postRebuild, async (c) => {
    const { uuid } = c.req.valid("param");
    const { DB } = await cellOfIdentity(c.env, uuid);
    if (!(await hasIdentity(DB, uuid))) throw new ProblemError("not_found", `No identity ${uuid} is known.`);
    const identityUuid = (await resolveIdentity(DB, uuid)) ?? uuid;
    const done = await c.env.IDENTITIES.getByName(identityUuid).rebuild();
    return c.json({ identity_uuid: identityUuid, done }, 200);
  })
  .openapi(deleteAttacker, async (c) => {
    const { uuid } = c.req.valid("param");
    const cell = cellOf(c.env, uuid);
    const erasure = await beginErasure(cell.DB, uuid, Date.now() / 1_000);
    if (!erasure) throw new ProblemError("not_found", `No attacker ${uuid} is known.`);
    const done = await attempt("erasure_not_complete", async () => {
      await carryOutErasure(cell, erasure);
      return true;
    });
    return c.json({ attacker_uuid: uuid, erased_ts: erasure.erasedTs, done }, 200);
  });

/** D1 knows what is to be done already: what fails here is gone on with by the sweep. */
async function attempt(name: string, act: () => Promise<boolean>): Promise<boolean> {
  try {
    return await act();
  } catch (error) {
    logError(name, error);
    return false;
  }
}

function uuidsOf(links: readonly { readonly attackerUuid: string }[]): string[] {
  return links.map(({ attackerUuid }) => attackerUuid).toSorted();
}
