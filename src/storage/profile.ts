/**
 * The read model of an identity: state, value, confidence, counts and times of each primitive, packed into the identity's row
 * in D1, so that it needs no further row (a wide one has pages). The outbox drain writes it with each transition, and at most
 * every 300 s for other changes, so it may be older than the object.
 */
import { z } from "zod";
import { type FollowedIdentity, type FollowedSeries, STATES } from "../core/index.ts";

const stateSchema = z.tuple([
  /** Primitive. */
  z.string(),
  z.enum(STATES),
  /** Current value, canonical JSON. */
  z.string(),
  /** Confidence, 0–1. */
  z.number(),
  /** Observations. */
  z.number(),
  /** Times of the last change of state and of the latest observation; epoch seconds. */
  z.number(),
  z.number(),
  /** Index in `policies` of the deciding policy. */
  z.number(),
  /** Evidence that the series has changed, ≥ 0, to four digits. Absent if it is not followed, and in profiles of the version before. */
  z.number().optional(),
  /** Start of its last change that stands, epoch seconds. Absent if there is none. */
  z.number().optional(),
]);

const packedSchema = z.object({
  /** Number of the identity's last event at that time. */
  seq: z.number(),
  /** The ids of the policies that decided the states. */
  policies: z.array(z.string()),
  states: z.array(stateSchema),
  /** Number of pages that hold the states, if they are not here. */
  pages: z.number(),
});

type Packed = z.infer<typeof packedSchema>;

/** A profile as an object passes it. */
export interface PackedProfile extends Omit<Packed, "pages"> {
  /** Epoch seconds. */
  readonly projectedTs: number;
  /** The primitives suspected of several actors, sorted, or null. */
  readonly suspected: readonly string[] | null;
  /** The columns of evidence; null: it is not known. */
  readonly evidence: FollowedIdentity | null;
}

/** One state of a profile. */
export interface ProfileState {
  readonly primitive: string;
  readonly state: (typeof STATES)[number];
  /** Canonical JSON. */
  readonly currentValue: string;
  /** 0–1. */
  readonly confidence: number;
  readonly observationCount: number;
  /** Epoch seconds. */
  readonly lastChangeTs: number;
  readonly lastObservationTs: number;
  /** The id of the policy that decided. */
  readonly policyId: string;
  /** Null if the series is not followed. */
  readonly evidence: FollowedSeries | null;
}

/** The states of an identity in D1. */
export interface Profile {
  readonly identityUuid: string;
  /** Number of the identity's last event at that time. */
  readonly seq: number;
  /** When it was written, epoch seconds. */
  readonly projectedTs: number;
  readonly suspected: readonly string[] | null;
  /** By primitive. */
  readonly states: readonly ProfileState[];
}

/** Maximum characters of a page. A shorter profile is stored in the row of the identity. */
const PAGE_CHARACTERS = 100_000;
/** Pages per parameter. With three bytes per character they are below the 2 MB of a bound value. */
const PAGES_AT_ONCE = 5;

/** A profile as the values of the columns `profile` and, if it is wide, the bodies of its pages. */
export function profileColumns({ seq, policies, states }: PackedProfile): {
  readonly profile: string;
  readonly pages: readonly string[];
} {
  const packed = { seq, policies, states };
  const whole = JSON.stringify({ ...packed, pages: 0 } satisfies Packed);
  if (whole.length <= PAGE_CHARACTERS) return { profile: whole, pages: [] };
  const pages: string[] = [];
  let page: string[] = [];
  let characters = 0;
  for (const state of states.map((each) => JSON.stringify(each))) {
    if (page.length > 0 && characters + state.length > PAGE_CHARACTERS) {
      pages.push(`[${page.join(",")}]`);
      page = [];
      characters = 0;
    }
    page.push(state);
    characters += state.length + 1;
  }
  pages.push(`[${page.join(",")}]`);
  return { profile: JSON.stringify({ ...packed, states: [], pages: pages.length }), pages };
}

/**
 * SQL: whether a profile (?1 identity, ?2 projected_ts) is not older than what is stored of the identity. A page that did not change keeps
 * its time, so all of them are asked. The identity's own row is written before, in the same transaction.
 */
const IS_LATEST = `EXISTS (SELECT 1 FROM identities WHERE uuid = ?1 AND projected_ts <= ?2)
  AND ?2 >= coalesce((SELECT max(projected_ts) FROM profile_pages WHERE identity_uuid = ?1), 0)`;

/**
 * The statements that write a profile's pages; none if it has none. A page that did not change is not written, and a later profile is not
 * replaced by an earlier one.
 */
export function pageStatements(
  db: D1Database,
  identityUuid: string,
  { projectedTs }: PackedProfile,
  pages: readonly string[],
): D1PreparedStatement[] {
  const statements: D1PreparedStatement[] = [];
  for (let first = 0; first < pages.length; first += PAGES_AT_ONCE) {
    const bodies = JSON.stringify(pages.slice(first, first + PAGES_AT_ONCE));
    statements.push(
      db
        .prepare(
          `INSERT INTO profile_pages (identity_uuid, page, projected_ts, body)
           SELECT ?1, ?4 + key, ?2, value FROM json_each(?3) WHERE ${IS_LATEST}
           ON CONFLICT (identity_uuid, page) DO UPDATE SET projected_ts = excluded.projected_ts, body = excluded.body
           WHERE body IS NOT excluded.body`,
        )
        .bind(identityUuid, projectedTs, bodies, first),
    );
  }
  return statements;
}

/** Removes the pages that a profile before had and this one has not. */
export function surplusPagesStatement(
  db: D1Database,
  identityUuid: string,
  { projectedTs }: PackedProfile,
  pages: readonly string[],
): D1PreparedStatement {
  return db
    .prepare(`DELETE FROM profile_pages WHERE identity_uuid = ?1 AND page >= ?3 AND ${IS_LATEST}`)
    .bind(identityUuid, projectedTs, pages.length);
}

/** The state of each primitive of a profile that stands in the identity's row, by primitive. @param profile - the column */
export function statesInRow(profile: string): { primitive: string; state: ProfileState["state"] }[] {
  const { states } = packedSchema.parse(JSON.parse(profile));
  return states.map(([primitive, state]) => ({ primitive, state }));
}

/** What is read of an identity's row. */
interface ProfileRow {
  readonly profile: string | null;
  readonly projectedTs: number;
  readonly suspected: string | null;
}

/** The states of an identity in D1, or null if it is unknown; empty before its first event. */
export async function readProfile(db: D1Database, identityUuid: string): Promise<Profile | null> {
  const [rows, pages] = await db.batch<ProfileRow & { readonly body: string }>([
    db
      .prepare("SELECT profile, projected_ts AS projectedTs, suspected FROM identities WHERE uuid = ?1")
      .bind(identityUuid),
    db.prepare("SELECT body FROM profile_pages WHERE identity_uuid = ?1 ORDER BY page").bind(identityUuid),
  ]);
  const row = rows?.results[0];
  if (!row) return null;
  const { projectedTs } = row;
  const suspected = row.suspected === null ? null : z.array(z.string()).parse(JSON.parse(row.suspected));
  if (row.profile === null) return { identityUuid, seq: 0, projectedTs, suspected, states: [] };
  const packed = packedSchema.parse(JSON.parse(row.profile));
  const bodies = (pages?.results ?? []).slice(0, packed.pages);
  const wide = bodies.flatMap(({ body }) => z.array(stateSchema).parse(JSON.parse(body)));
  const states = [...packed.states, ...wide].map((state) => unpack(state, packed.policies));
  return { identityUuid, seq: packed.seq, projectedTs, suspected, states };
}

function unpack(state: z.infer<typeof stateSchema>, policies: readonly string[]): ProfileState {
  const [
    primitive,
    name,
    currentValue,
    confidence,
    count,
    lastChangeTs,
    lastObservationTs,
    policy,
    e,
    since,
  ] = state;
  return {
    primitive,
    state: name,
    currentValue,
    confidence,
    observationCount: count,
    lastChangeTs,
    lastObservationTs,
    policyId: policies[policy] ?? "",
    evidence: e === undefined ? null : { e, changedSinceTs: since ?? null },
  };
}
