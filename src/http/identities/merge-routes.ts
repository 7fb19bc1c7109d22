/** Merging and unmerging identities, and rebuilding one. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { carryOutMerge } from "../../maintenance/index.ts";
import { findShard, firstShard, shardOfIdentity } from "../../shard.ts";
import { hasIdentity, mergeIdentities, resolveIdentity, unmergeIdentity } from "../../storage/index.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { uuidParam } from "../shared/params.ts";
import { ProblemError } from "../shared/problem.ts";
import { problemAnswer } from "../shared/problem-schema.ts";
import { rejectInvalid } from "../shared/validation.ts";
import { UNKNOWN_IDENTITY, unknownIdentity } from "./unknown.ts";
import { movedSchema, rebuiltSchema } from "./wire.ts";

const params = z.object({ uuid: uuidParam });

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
    ...UNKNOWN_IDENTITY,
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
    ...UNKNOWN_IDENTITY,
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
    ...answers("Recomputed, or recorded", rebuiltSchema),
    ...UNKNOWN_IDENTITY,
  },
});

export const mergeRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(postMerge, async (c) => {
    const { uuid: winnerUuid } = c.req.valid("param");
    const { loser_uuid: loserUuid } = c.req.valid("json");
    if (winnerUuid === loserUuid) {
      throw new ProblemError("conflict_self_merge", "An identity cannot be merged into itself.");
    }
    const [home, loserHome] = await Promise.all([findShard(c.env, winnerUuid), findShard(c.env, loserUuid)]);
    if (home && loserHome && home.index !== loserHome.index) {
      throw new ProblemError(
        "different_databases",
        `The identities ${winnerUuid} and ${loserUuid} are in different databases, so they cannot be merged.`,
      );
    }
    const shard = home ?? loserHome ?? firstShard(c.env);
    const merged = await mergeIdentities(shard.db, winnerUuid, loserUuid, Date.now() / 1_000);
    if (merged.outcome === "unknown") {
      throw unknownIdentity(merged.identityUuid);
    }
    if (merged.outcome === "merged_away") {
      throw new ProblemError(
        "already_merged",
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
    if (undone.outcome === "unknown") throw unknownIdentity(loserUuid);
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
    const done = await carryOutMerge(c.env, shard, mergeId);
    return c.json(
      { winner_uuid: winnerUuid, loser_uuid: loserUuid, attacker_uuids: uuidsOf(links), done },
      200,
    );
  })
  .openapi(postRebuild, async (c) => {
    const { uuid } = c.req.valid("param");
    const { db } = await shardOfIdentity(c.env, uuid);
    if (!(await hasIdentity(db, uuid))) throw unknownIdentity(uuid);
    const identityUuid = (await resolveIdentity(db, uuid)) ?? uuid;
    const done = await c.env.IDENTITIES.getByName(identityUuid).rebuild();
    return c.json({ identity_uuid: identityUuid, done }, 200);
  });
function uuidsOf(links: readonly { readonly attackerUuid: string }[]): string[] {
  return links.map(({ attackerUuid }) => attackerUuid).toSorted();
}
