/** Loads the page of an identity: who it is from D1, in a bounded number of rows, and what is recent from its object. */
import { z } from "zod";
import type { EvidencePathAnswer, NewestAnswer, RecentAnswer } from "../../identity/index.ts";
import { findShard } from "../../shard.ts";
import {
  type HistoryEvent,
  type IdentityHead,
  readIdentityHead,
  readTransitions,
} from "../../storage/index.ts";
import { askLiving, type MergedAway } from "../attribution/read-states.ts";
import { toWirePath, toWirePoint, toWireRecent } from "./format.ts";
import type { EvidencePath, IdentityPage, seriesSchema } from "./wire.ts";

/** Events of a page. */
export const PAGE_EVENTS = 100;
/** Observations that a chart draws. */
export const SERIES_OBSERVATIONS = 1_000;

/** What the page shows besides states and events; null if the identity is not known. */
export async function loadIdentityPage(env: Env, uuid: string): Promise<IdentityPage | null> {
  const shard = await findShard(env, uuid);
  const head = shard && (await readIdentityHead(shard.db, uuid));
  if (!head) return null;
  const { answer } = await askLiving<Exclude<RecentAnswer, MergedAway>>(head.uuid, async (each) =>
    env.IDENTITIES.getByName(each).readRecent(),
  );
  const seen = seenOf(head);
  return {
    uuid: head.uuid,
    attacker_count: head.hasMoreAttackers ? answer.attackerCount : head.attackers.length,
    first_seen_at: earliest(seen.firstSeenTs, answer.firstSeenTs),
    last_seen_at: seen.lastSeenTs,
    attackers: head.attackers.map((attacker) => ({
      uuid: attacker.uuid,
      ip: attacker.ip,
      first_seen: attacker.firstSeenTs,
      last_seen: attacker.lastSeenTs,
    })),
    merged_from: [...head.mergedFrom],
    recent: recentSchema.parse(JSON.parse(answer.observations)).map(toWireRecent),
    last_seq: head.lastSeq,
  };
}

const member = { value: z.string(), ts: z.number(), evidenceRef: z.string(), attackerUuid: z.string() };
const recentSchema = z.array(z.object({ primitive: z.string(), isCut: z.boolean(), ...member }));
const membersSchema = z.array(z.object(member));

/** When the listed attackers were first and last seen. */
function seenOf({ attackers }: IdentityHead): { firstSeenTs: number | null; lastSeenTs: number | null } {
  const first = attackers.flatMap(({ firstSeenTs }) => firstSeenTs ?? []);
  const last = attackers.flatMap(({ lastSeenTs }) => lastSeenTs ?? []);
  return {
    firstSeenTs: first.length === 0 ? null : Math.min(...first),
    lastSeenTs: last.length === 0 ? null : Math.max(...last),
  };
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

/** A page of events, and the `seq` that the next older page ends before; null if there is none. */
export interface OlderEvents {
  readonly events: readonly HistoryEvent[];
  readonly beforeSeq: number | null;
}

/**
 * The newest events of an identity, or of the one it was merged into, with a `seq` below one; in `seq` order.
 * @param beforeSeq - null for the newest
 * @returns null if the identity is not known
 */
export async function loadOlderEvents(
  env: Env,
  uuid: string,
  beforeSeq: number | null,
): Promise<OlderEvents | null> {
  const shard = await findShard(env, uuid);
  if (!shard) return null;
  let before = beforeSeq;
  if (before === null) {
    const head = await readIdentityHead(shard.db, uuid);
    if (!head) return null;
    before = head.lastSeq + 1;
  }
  const afterSeq = Math.max(0, before - 1 - PAGE_EVENTS);
  const page = await readTransitions(shard.db, uuid, false, afterSeq, PAGE_EVENTS);
  if (!page) return null;
  const events = page.events.filter(({ seq }) => seq < before);
  // Numbers are given out without gaps and retention takes the oldest, so below an empty page there is nothing.
  const isOldest = afterSeq === 0 || events.length === 0;
  return { events, beforeSeq: isOldest ? null : afterSeq + 1 };
}

/** The newest observations of one primitive; none where nothing is known of it. */
export async function loadSeries(
  env: Env,
  uuid: string,
  primitive: string,
): Promise<z.infer<typeof seriesSchema>> {
  const { answer } = await askLiving<Exclude<NewestAnswer, MergedAway>>(uuid, async (each) =>
    env.IDENTITIES.getByName(each).readNewest(primitive, SERIES_OBSERVATIONS + 1),
  );
  const members = membersSchema.parse(JSON.parse(answer.observations));
  return {
    data: members.slice(-SERIES_OBSERVATIONS).map(toWirePoint),
    has_more: members.length > SERIES_OBSERVATIONS,
  };
}

/** E of one primitive over its newest observations; null where it is not followed. */
export async function loadEvidencePath(
  env: Env,
  uuid: string,
  primitive: string,
): Promise<EvidencePath | null> {
  const { answer } = await askLiving<Exclude<EvidencePathAnswer, MergedAway>>(uuid, async (each) =>
    env.IDENTITIES.getByName(each).readEvidencePath(primitive),
  );
  return answer.path === null ? null : toWirePath(pathSchema.parse(JSON.parse(answer.path)));
}

const pathSchema = z.object({
  firstNumber: z.number(),
  ts: z.array(z.number()),
  e: z.array(z.number()),
  threshold: z.number(),
});
