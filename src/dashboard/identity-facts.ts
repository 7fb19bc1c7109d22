/**
 * The data of an identity's page, and how messages of the identity's stream change it, so that nothing is loaded again.
 * Pure; identity-loader.ts loads.
 */
import type { EventsBefore, IdentityPage } from "../http/dashboard/wire.ts";
import { type AttributionEvent, stateExplanation } from "./schemas.ts";

/** An observation that is drawn. */
export interface Point {
  readonly value: unknown;
  /** Epoch seconds. */
  readonly ts: number;
  readonly evidence_ref: string;
  readonly attacker_uuid: string;
}

/** An observation from the stream. */
export interface NewPoint extends Point {
  readonly primitive: string;
}

/** Observations of a primitive that a strip shows. */
export const STRIP_POINTS = 80;

/** The data of an identity's page, but the states. */
export interface IdentityFacts {
  readonly page: IdentityPage;
  /** The newest observations of each primitive, as far as they are known, in the order of the series. */
  readonly points: ReadonlyMap<string, readonly Point[]>;
  /** The newest events, in the order of `seq`. */
  readonly events: readonly AttributionEvent[];
  /** What to ask for older events with; null if there are none. */
  readonly beforeSeq: number | null;
  /** Ids of the events that came while the page was open. */
  readonly fresh: ReadonlySet<string>;
  /** How often news was applied since the page was loaded. */
  readonly newsCount: number;
  /** How many events about evidence came since the page was loaded. */
  readonly evidenceCount: number;
}

/**
 * The facts of a page that was just loaded.
 * @param openedSeq - number of the newest event when it was opened
 */
export function factsOf(
  page: IdentityPage,
  { data, before_seq: beforeSeq }: EventsBefore,
  openedSeq: number,
): IdentityFacts {
  const recent = Map.groupBy(page.recent, ({ primitive }) => primitive);
  const points = addExplained(new Map(), data);
  for (const [primitive, observed] of recent) {
    points.set(primitive, mergePoints(points.get(primitive) ?? [], observed, STRIP_POINTS));
  }
  const fresh = new Set(data.filter(({ seq }) => seq > openedSeq).map(({ id }) => id));
  return { page, points, events: data, beforeSeq, fresh, newsCount: 0, evidenceCount: 0 };
}

/** The facts after older events were loaded. */
export function withOlder(
  facts: IdentityFacts,
  { data, before_seq: beforeSeq }: EventsBefore,
): IdentityFacts {
  const known = new Set(facts.events.map(({ id }) => id));
  const older = data.filter(({ id }) => !known.has(id));
  return {
    ...facts,
    events: [...older, ...facts.events],
    points: addExplained(facts.points, older),
    beforeSeq,
  };
}

/** Messages of the identity's stream. */
export interface News {
  readonly events: readonly AttributionEvent[];
  readonly observations: readonly NewPoint[];
}

/** The facts after news; null if everything must be loaded again: an event is missing, or a merge changed the identity. */
export function afterNews(facts: IdentityFacts, { events, observations }: News): IdentityFacts | null {
  const known = new Set(facts.events.map(({ id }) => id));
  const added = events.filter(({ id }) => !known.has(id));
  let lastSeq = facts.events.at(-1)?.seq ?? facts.page.last_seq;
  for (const { seq, type } of added) {
    if (type === "merged" || type === "unmerged" || seq !== lastSeq + 1) return null;
    lastSeq = seq;
  }
  const points = new Map(addExplained(facts.points, added));
  for (const [primitive, observed] of Map.groupBy(observations, (each) => each.primitive)) {
    points.set(primitive, mergePoints(points.get(primitive) ?? [], observed, STRIP_POINTS));
  }
  return {
    ...facts,
    page: { ...facts.page, last_seq: lastSeq },
    points,
    events: [...facts.events, ...added],
    fresh: new Set([...facts.fresh, ...added.map(({ id }) => id)]),
    newsCount: facts.newsCount + 1,
    evidenceCount: facts.evidenceCount + added.filter(({ type }) => type.startsWith("evidence.")).length,
  };
}

/** Names an observation within its primitive. */
export function keyOf({
  evidence_ref,
  attacker_uuid,
}: Pick<Point, "evidence_ref" | "attacker_uuid">): string {
  return `${attacker_uuid} ${evidence_ref}`;
}

/**
 * Observations of both lists, each once, in the order of the series.
 * @param later - wins where both have an observation
 * @param most - the newest so many
 */
export function mergePoints(earlier: readonly Point[], later: readonly Point[], most: number): Point[] {
  const byKey = new Map([...earlier, ...later].map((each) => [keyOf(each), each]));
  return [...byKey.values()].toSorted(compareInSeries).slice(-most);
}

function compareInSeries(a: Point, b: Point): number {
  return a.ts - b.ts || compare(a.evidence_ref, b.evidence_ref) || compare(a.attacker_uuid, b.attacker_uuid);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Adds the observations in the explanations of events, which are older than the recent ones. */
function addExplained(
  points: ReadonlyMap<string, readonly Point[]>,
  events: readonly AttributionEvent[],
): Map<string, readonly Point[]> {
  const after = new Map(points);
  const byPrimitive = Map.groupBy(events, ({ payload }) => payload.primitive);
  for (const [primitive, own] of byPrimitive) {
    if (primitive === undefined) continue;
    const members = own.flatMap((event) => {
      const explanation = stateExplanation(event);
      return explanation ? [...explanation.older, ...explanation.recent] : [];
    });
    const shown = members.filter(({ value }) => !isDigest(value));
    after.set(primitive, mergePoints(shown, after.get(primitive) ?? [], STRIP_POINTS));
  }
  return after;
}

/** Whether a value stands as its digest, as long values do in explanations. */
function isDigest(value: unknown): boolean {
  return typeof value === "object" && value !== null && "sha256" in value;
}
