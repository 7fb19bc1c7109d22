/** Identities as the drains would have written them to the read model: their rows, their states, their profiles. */
import type { FollowedIdentity, State } from "../../src/core/index.ts";
import { type PackedProfile, profileColumns } from "../../src/storage/profile.ts";

/** What is written of an identity. */
export interface ProjectedIdentity {
  readonly uuid: string;
  readonly lastChangeTs: number;
  /** State by primitive. */
  readonly states: Readonly<Record<string, State>>;
  readonly mergedIntoUuid?: string;
  /** The columns of evidence. */
  readonly evidence?: FollowedIdentity;
  /** Characters of each value: with enough of them the profile has pages. */
  readonly valueCharacters?: number;
}

/** A profile with these states. */
export function profileOf(
  states: Readonly<Record<string, State>>,
  projectedTs: number,
  valueCharacters = 5,
): PackedProfile {
  const value = JSON.stringify("v".repeat(valueCharacters));
  return {
    seq: 1,
    projectedTs,
    policies: ["stable", "drifting", "unknown"],
    states: Object.entries(states).map(([primitive, state]) => [primitive, state, value, 0.5, 7, 1, 2, 0]),
    suspected: null,
    evidence: null,
  };
}

/** Writes identities, at most some hundred of a wide profile. */
export async function addIdentities(db: D1Database, identities: readonly ProjectedIdentity[]): Promise<void> {
  for (let first = 0; first < identities.length; first += 500) {
    const some = identities.slice(first, first + 500).map((identity) => ({
      ...identity,
      ...profileColumns(profileOf(identity.states, 1, identity.valueCharacters)),
    }));
    const rows = some.map((each) => [
      each.uuid,
      each.lastChangeTs,
      each.mergedIntoUuid ?? null,
      each.profile,
      each.evidence?.e ?? null,
      each.evidence?.changedTs ?? null,
      each.evidence?.operators ?? null,
    ]);
    const states = some.flatMap(({ uuid, states: byPrimitive }) =>
      Object.entries(byPrimitive).map(([primitive, state]) => [uuid, primitive, state]),
    );
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await db.batch([
      db
        .prepare(
          `INSERT INTO identities (uuid, last_seq, last_change_ts, merged_into_uuid, projected_ts, profile,
             evidence_e, evidence_changed_ts, operators)
           SELECT value ->> 0, 1, value ->> 1, value ->> 2, 1, value ->> 3, value ->> 4, value ->> 5, value ->> 6 FROM json_each(?1)`,
        )
        .bind(JSON.stringify(rows)),
      db
        .prepare(
          `INSERT INTO attributions (identity_uuid, primitive, state, seq)
           SELECT value ->> 0, value ->> 1, value ->> 2, 1 FROM json_each(?1)`,
        )
        .bind(JSON.stringify(states)),
      ...some.flatMap(({ uuid, pages }) =>
        pages.map((body, page) =>
          db.prepare("INSERT INTO profile_pages VALUES (?1, ?2, 1, ?3)").bind(uuid, page, body),
        ),
      ),
    ]);
  }
}
