/** The last sessions of an identity from D1. Leaves what a session is to sessions.ts, and judging them to operators/. */
import { compareUtf8 } from "../core/index.ts";
import { type LatestOf, readFromLatest } from "../storage/index.ts";
import { OPERATORS } from "./constants.ts";
import { type Session, type SessionObservation, sessionsOf } from "./sessions.ts";

/** Which sessions. */
export interface SessionsAsked {
  /** Whether a primitive is a trait: of others no value is kept. */
  readonly isTrait: (primitive: string) => boolean;
  /** Most sessions, `OPERATORS.sessions` if it is left out. */
  readonly limit?: number;
  /** Epoch seconds: only observations whose ts is not later; null: all. */
  readonly asOfTs: number | null;
}

/** What was read. */
export interface LastSessions {
  /** In their order, the last `limit` of them. */
  readonly sessions: readonly Session[];
  /** Sessions altogether; null if there are further rows, which were not read. */
  readonly total: number | null;
}

/**
 * Reads the last sessions of some attackers, or of all of an identity (or of the one it was merged into).
 *
 * Rows are read from the latest observation on, until no other one can hold an observation of a later session. That is exact if observations
 * are emitted after the start of their window: one with an earlier `ts` than that may be missed. At most 16 queries, usually two; one pass over the
 * attackers' rows without their bodies, at most 4,096 rows and 6 MB with them. Where that is not enough, because somebody has put
 * thousands of rows into few sessions, there are fewer sessions than there could be, and the first of them may lack values.
 * Observations that the version before has stored one per row are not read: pack them before (`packAttackers`).
 */
export async function readSessions(
  db: D1Database,
  of: LatestOf,
  { isTrait, limit = OPERATORS.sessions, asOfTs }: SessionsAsked,
): Promise<LastSessions> {
  const kept = new KeptObservations(isTrait);
  let sessions: Session[] = [];
  for await (const { observations, untilTs } of readFromLatest(db, of, asOfTs)) {
    for (const observation of observations) kept.add(observation);
    sessions = sessionsOf(kept.list(), isTrait);
    if (untilTs === null) return { sessions: sessions.slice(-limit), total: sessions.length };
    const first = sessions.at(-limit);
    // An observation of a session is not earlier than its start, so every row of these sessions has been read.
    if (sessions.length >= limit && first !== undefined && first.startTs > untilTs) break;
  }
  return { sessions: sessions.slice(-limit), total: sessions.length === 0 ? 0 : null };
}

/** What sessions are made of, without the rest: of each trait the last observation, and of other primitives one of all. */
class KeptObservations {
  readonly #isTrait: (primitive: string) => boolean;
  readonly #kept = new Map<string, SessionObservation>();

  constructor(isTrait: (primitive: string) => boolean) {
    this.#isTrait = isTrait;
  }

  add(observation: SessionObservation): void {
    const { attackerUuid, source, windowStartTs, windowEndTs, primitive } = observation;
    const name = `${windowStartTs} ${windowEndTs} ${attackerUuid} ${this.#isTrait(primitive) ? primitive : ""} ${source}`;
    const known = this.#kept.get(name);
    if (!known || isLater(observation, known)) this.#kept.set(name, observation);
  }

  list(): Iterable<SessionObservation> {
    return this.#kept.values();
  }
}

/** In the order of a series, as `sessionsOf` takes it. */
function isLater(a: SessionObservation, b: SessionObservation): boolean {
  return (a.ts - b.ts || compareUtf8(a.evidenceRef, b.evidenceRef) || compareUtf8(a.value, b.value)) > 0;
}
