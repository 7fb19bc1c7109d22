/** For the admin scope: merging and unmerging identities, recomputing one, erasing an attacker. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { carryOutErasure, carryOutMerge } from "../maintenance/index.ts";
import { findShard, firstShard, shardOf, shardOfIdentity } from "../shard.ts";
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
const SENSELESS = { 409: problemAnswer("senseless", "An identity cannot be merged into itself.") };
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
  responses: { ...answers("Merged", movedSchema), ...NOT_FOUND, ...SENSELESS },
});

const postUnmerge = createRoute({
  ...admin,
  method: "post",
  path: "/identities/{uuid}/unmerge",
  summary: "Give an identity back what it brought into the latest merge of its winner",
  request: { params },
  responses: { ...answers("Unmerged", movedSchema), ...NOT_FOUND, ...SENSELESS },
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
      throw new ProblemError("senseless", "An identity cannot be merged into itself.");
    }
    const [home, loserHome] = await Promise.all([findShard(c.env, winnerUuid), findShard(c.env, loserUuid)]);
    if (home && loserHome && home !== loserHome) {
      throw new ProblemError(
        "other_database",
        `The identities ${winnerUuid} and ${loserUuid} are in different databases, so they cannot be merged.`,
      );
    }
    const shard = home ?? loserHome ?? firstShard(c.env);
    const merged = await mergeIdentities(shard.db, winnerUuid, loserUuid, Date.now() / 1_000);
    if (merged.outcome === "unknown") {
      throw new ProblemError("not_found", `No identity ${merged.identityUuid} is known.`);
    }
    if (merged.outcome === "merged_away") {
      throw new ProblemError(
        "senseless",
        `The identity ${merged.identityUuid} is merged into ${merged.intoUuid} already.`,
      );
    }
    const done = await carryOutMerge(c.env, shard, merged.mergeId);
    return c.json(
      { winner_uuid: winnerUuid, loser_uuid: loserUuid, attacker_uuids: uuidsOf(merged.links), done },
      200,
    );
  })
  .openapi(postUnmerge, async (c) => {
    const { uuid: loserUuid } = c.req.valid("param");
    const shard = await shardOfIdentity(c.env, loserUuid);
    const undone = await unmergeIdentity(shard.db, loserUuid, Date.now() / 1_000);
    if (undone.outcome === "unknown")
      throw new ProblemError("not_found", `No identity ${loserUuid} is known.`);
    if (undone.outcome === "not_merged") {
      throw new ProblemError("senseless", `The identity ${loserUuid} is not merged into another.`);
    }
    if (undone.outcome === "not_latest") {
      throw new ProblemError(
        "senseless",
        `A later merge has to be undone first: that of ${undone.laterLoserUuid}.`,
      );
    }
    const { mergeId, winnerUuid, links } = undone;
    const done = await carryOutMerge(c.env, shard, mergeId);
    return c.json(
      { winner_uuid: winnerUuid, loser_uuid: loserUuid, attacker_uuids: uuidsOf(links), done },
      200,
    );
  })
  .openapi(postRebuild, async (c) => {
    const { uuid } = c.req.valid("param");
    const { db } = await shardOfIdentity(c.env, uuid);
    if (!(await hasIdentity(db, uuid))) throw new ProblemError("not_found", `No identity ${uuid} is known.`);
    const identityUuid = (await resolveIdentity(db, uuid)) ?? uuid;
    const done = await c.env.IDENTITIES.getByName(identityUuid).rebuild();
    return c.json({ identity_uuid: identityUuid, done }, 200);
  })
  .openapi(deleteAttacker, async (c) => {
    const { uuid } = c.req.valid("param");
    const shard = shardOf(c.env, uuid);
    const erasure = await beginErasure(shard.db, uuid, Date.now() / 1_000);
    if (!erasure) throw new ProblemError("not_found", `No attacker ${uuid} is known.`);
    const done = await carryOutErasure(c.env, shard, uuid);
    return c.json({ attacker_uuid: uuid, erased_ts: erasure.erasedTs, done }, 200);
  });

function uuidsOf(links: readonly { readonly attackerUuid: string }[]): string[] {
  return links.map(({ attackerUuid }) => attackerUuid).toSorted();
}
