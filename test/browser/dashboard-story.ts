/**
 * One identity with something of everything that a page can show: numbers, hashes, categories and lists, all domains,
 * two attackers of which one was merged in, a suspicion. What its states must be is known from the rules alone.
 */
import type { AttributionClient } from "../../src/cli/client.ts";
import { observation } from "./dashboard-world.ts";

/** The attacker whose identity takes the other's in. */
export const WINNER_ATTACKER = "5e1f0c7a-3b1d-4a80-9d55-000000000001";
/** The attacker whose identity is merged away. */
export const LOSER_ATTACKER = "5e1f0c7a-3b1d-4a80-9d55-000000000002";

const HOUR_SECS = 3_600;

/** A bag of a hundred words, too long for an explanation, of which each of the first ten is used ten times. */
const bag = (salt: number) =>
  Array.from({ length: 100 }, (_, i) => `${salt}${i % 10}`.padStart(16, "abcdef0123456789"));

/** Values of each primitive, one every hour, and the state that they end in. */
export const STORY = {
  // EWMA of the last five is 100, of those before 60: a shift of two thirds.
  "toolchain.c2.beacon_interval_ms": {
    values: [60, 60, 60, 60, 60, 100, 100, 100, 100, 100],
    state: "drifting",
  },
  "toolchain.c2.beacon_jitter_pct": { values: [10, 12, 11, 10, 12, 11, 10], state: "stable" },
  // Three distinct values in the last day are two rotations.
  "toolchain.ssh.hassh_client": {
    values: ["aaaa", "aaaa", "bbbb", "bbbb", "cccc", "cccc"],
    state: "drifting",
  },
  "motor.input_modality": {
    values: ["typed", "pasted", "typed", "pasted", "typed", "pasted"],
    state: "multi_actor",
  },
  "motor.keystroke_cadence": {
    values: ["steady", "bursty", "steady", "bursty", "steady", "bursty"],
    state: "multi_actor",
  },
  "cognitive.cognitive_load": {
    values: ["low", "low", "low", "high", "unknown", "medium"],
    state: "conflicted",
  },
  "cognitive.command_words": { values: [bag(1), bag(2), bag(2)], state: "unknown" },
  "temporal.session_duration": {
    values: [...Array<string>(5).fill("short"), ...Array<string>(5).fill("long")],
    state: "drifting",
  },
  "operational.objective": { values: ["recon", "recon"], state: "unknown" },
  "environmental.locale": { values: ["en_US.UTF-8", "en_US.UTF-8", "en_US.UTF-8"], state: "stable" },
  "cultural.weekend_cadence": { values: ["flat", "flat", "flat", "flat"], state: "stable" },
  "emotional_valence.valence": { values: ["calm", "calm", "calm"], state: "stable" },
  "toolchain.tls.self_signed": { values: [true, true, true], state: "stable" },
  "toolchain.http.header_order": {
    values: [
      ["host", "user-agent"],
      ["host", "user-agent"],
      ["host", "user-agent"],
    ],
    state: "stable",
  },
  "custom.something_else": { values: ["x", "x", "x"], state: "stable" },
} as const satisfies Readonly<Record<string, { values: readonly unknown[]; state: string }>>;

/** Primitives by the fixed order of their domains. */
export const DOMAIN_ORDER = [
  "motor",
  "cognitive",
  "temporal",
  "operational",
  "environmental",
  "cultural",
  "emotional valence",
  "toolchain",
  "custom",
];

/**
 * Plays the story, and merges its two identities.
 * @param endTs - of its last observations, whole epoch seconds
 * @returns the identity that both attackers are of, and the one that was merged away
 */
export async function playStory(
  url: string,
  client: AttributionClient,
  endTs: number,
): Promise<{ readonly winnerUuid: string; readonly loserUuid: string }> {
  const send = async (attacker: string, ip: string, events: readonly unknown[]) => {
    await post(url, "PUT", `/attackers/${attacker}`, "dev-ingest-token", { ip });
    await client.sendEvents([...events]);
  };
  let n = 1_000;
  const events = Object.entries(STORY).flatMap(([primitive, { values }]) =>
    values.map((value, i) =>
      observation(WINNER_ATTACKER, primitive, value, endTs - (values.length - 1 - i) * HOUR_SECS, (n += 1)),
    ),
  );
  const expectedObservations = (await client.stats()).observations + events.length + 1;
  await send(WINNER_ATTACKER, "192.0.2.201", events);
  // The other attacker's only observation: what the merge must bring along.
  const alone = observation(LOSER_ATTACKER, "custom.from_the_other", "y", endTs - 60, (n += 1));
  await send(LOSER_ATTACKER, "192.0.2.202", [alone]);
  const { applied, message } = await client.waitUntilApplied({ expectedObservations });
  if (!applied) throw new Error(`the story must have been applied: ${message}`);
  const winnerUuid = (await client.attribution(WINNER_ATTACKER))?.identity_uuid ?? "";
  const loserUuid = (await client.attribution(LOSER_ATTACKER))?.identity_uuid ?? "";
  await post(url, "POST", `/identities/${winnerUuid}/merge`, "dev-admin-token", { loser_uuid: loserUuid });
  return { winnerUuid, loserUuid };
}

/** Asks the API for something that must succeed. */
export async function post(
  url: string,
  method: string,
  path: string,
  token: string,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
