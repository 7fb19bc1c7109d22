/** Reads the evidence of series from an identity's object, or from that of the identity it was merged into. */
import type { z } from "zod";
import type { EvidenceAnswer } from "../identity/index.ts";
import { askLiving, type MergedAway } from "../http/attribution/read-states.ts";
import type { evidenceSchema, stateEvidenceSchema } from "./wire.ts";

/** The part of the answer that the object knows. */
type SeriesPart = Pick<z.infer<typeof evidenceSchema>, "e" | "change" | "commands">;

/**
 * One call, and one more for each merge that leads away from the identity.
 * @param asOfTs - epoch seconds, or null for what is known now
 * @param primitive - the only one that is described; null: all
 */
export async function readSeriesEvidence(
  identities: Env["IDENTITIES"],
  uuid: string,
  asOfTs: number | null,
  primitive: string | null,
): Promise<SeriesPart & { readonly identityUuid: string }> {
  const { identityUuid, answer } = await askLiving<Exclude<EvidenceAnswer, MergedAway>>(uuid, async (each) =>
    identities.getByName(each).readEvidence(asOfTs, primitive),
  );
  const { e, change, commands }: SeriesPart = JSON.parse(answer.body);
  return { identityUuid, e, change, commands };
}

/** What `include=evidence` adds to the state of each primitive that is followed, by primitive. */
export async function readStateEvidence(
  identities: Env["IDENTITIES"],
  uuid: string,
  asOfTs: number | null,
): Promise<ReadonlyMap<string, z.infer<typeof stateEvidenceSchema>>> {
  const { change } = await readSeriesEvidence(identities, uuid, asOfTs, null);
  return new Map(
    change.map(({ primitive, e, changes }) => [
      primitive,
      { e, changed_since: changes.at(-1)?.since_ts ?? null },
    ]),
  );
}
