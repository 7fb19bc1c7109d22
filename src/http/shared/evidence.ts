/** For routes whose answers depend on whether evidence is switched on. */
import { z } from "@hono/zod-openapi";
import { tryConfig } from "../../config.ts";
import { readStateEvidence } from "../../evidence/read.ts";

/** Whether evidence is computed: not while it is switched off or a variable is wrong. */
export function hasEvidence(env: Env): boolean {
  return (tryConfig(env)?.evidence ?? null) !== null;
}

/** What else is asked for in the states. */
export const includeParam = z
  .enum(["evidence"], "must be evidence")
  .optional()
  .openapi({ description: "Adds `evidence` to each state" });

/** What is added to the states of an identity: null if nothing was asked for; nothing is known while evidence is switched off. */
export function includedEvidence(
  env: Env,
  include: z.infer<typeof includeParam>,
  identityUuid: string,
  asOfTs: number | null,
) {
  if (include === undefined) return null;
  return hasEvidence(env)
    ? readStateEvidence(env.IDENTITIES, identityUuid, asOfTs)
    : new Map<string, never>();
}
