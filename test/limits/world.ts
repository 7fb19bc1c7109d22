/** Records of production size, written to D1 in bulk, and what the API says of them. */
import { createScheduledController, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import { MAINTENANCE } from "../../src/maintenance/index.ts";
import { pieces } from "../setup/deliver.ts";
import { limitedWorker } from "../setup/limits/worker.ts";
import { makeObservation, store } from "../setup/observations.ts";
import { ask, TOKENS } from "../setup/request.ts";

/** Bytes of the longest name that a primitive may have. */
const NAME_BYTES = 128;
/** Observations that are stored at once; each has a pointer of its own. */
const STORED_AT_ONCE = 5_000;
/** How long a test waits for long work, in milliseconds; it looks again after each interval. */
const PATIENCE = { timeout: 120_000, interval: 200 };

/** An alarm that is further away waits for its time, in milliseconds; one that is nearer works, or tries again. */
const SOON_MS = 60_000;

/** Now, in epoch seconds, the same for a whole file. */
export const NOW_TS = Math.floor(Date.now() / 1_000);
export const DAY_SECS = 86_400;

/** A run of observations that D1 holds. */
export interface Filling {
  /** Names the attackers: the same number gives the same ones. */
  readonly seed: number;
  readonly attackers: number;
  readonly primitives: number;
  readonly observations: number;
  /** Epoch seconds of the first; one a second follows. */
  readonly fromTs: number;
  /** Null: the attackers wait to be registered. */
  readonly identityUuid: string | null;
}

/** The attacker with a number. */
export function attackerUuid(seed: number, index: number): string {
  return `${hex(seed, 8)}-0000-4000-8000-${hex(index, 12)}`;
}

/** The primitive with a number: a name as long as names may be. */
export function primitiveName(index: number): string {
  return `limits.p${String(index).padStart(4, "0")}_`.padEnd(NAME_BYTES, "x");
}

/** A number that no other call gives. */
export function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}

/** Writes attackers and observations into D1, without telling any object. */
export async function fill(filling: Filling): Promise<void> {
  const { seed, attackers, primitives, observations, fromTs, identityUuid } = filling;
  await env.DB.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
     INSERT INTO attackers (uuid, identity_uuid, link_version, first_seen_ts, last_seen_ts)
     SELECT printf('%08x-0000-4000-8000-%012x', ?1, i), ?3, iif(?3 IS NULL, 0, 1), ?4, ?4 FROM n
     WHERE true ON CONFLICT DO NOTHING`,
  )
    .bind(seed, attackers, identityUuid, fromTs)
    .run();
  const numbers = [...Array(observations).keys()];
  for (const page of pieces(numbers, STORED_AT_ONCE)) {
    await store(
      page.map((i) =>
        makeObservation({
          attackerUuid: attackerUuid(seed, i % attackers),
          primitive: primitiveName(((i % attackers) + Math.floor(i / attackers) * 7) % primitives),
          // So far apart in a file that each has a row of its own.
          evidenceRef: `shard:limits/${hex(seed, 8)}#${i * 64}`,
          id: `limits-${i}`,
          ts: fromTs + i,
          source: "limits",
        }),
      ),
      { registers: identityUuid !== null },
    );
  }
}

/** Asks the API as an admin; the answer must have one of these statuses. */
export async function call<T>(
  method: string,
  path: string,
  { body, statuses = [200] }: { body?: unknown; statuses?: readonly number[] } = {},
): Promise<T> {
  const response = await ask(method, `/api/v1${path}`, {
    token: TOKENS.admin,
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  if (!statuses.includes(response.status)) {
    throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
  }
  return JSON.parse(text) as T;
}

interface Attribution {
  readonly identity_uuid: string | null;
  readonly primitives: readonly {
    readonly primitive: string;
    readonly state: string;
    readonly observation_count: number;
  }[];
}

/** The states of an identity, by the API. */
export function attributionOf(identityUuid: string): Promise<Attribution> {
  return call("GET", `/identities/${identityUuid}/attribution`);
}

/** How many observations an identity's states count, and how many primitives it has. */
export async function countsOf(identityUuid: string): Promise<{ observations: number; primitives: number }> {
  const { primitives } = await attributionOf(identityUuid);
  const observations = primitives.reduce((sum, { observation_count: count }) => sum + count, 0);
  return { observations, primitives: primitives.length };
}

/** Waits until something is so. */
export function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, PATIENCE);
}

/** Waits until an identity's states count this many observations. */
export function expectCounted(identityUuid: string, observations: number): Promise<void> {
  return eventually(async () => expect((await countsOf(identityUuid)).observations).toBe(observations));
}

/** Waits until an identity's object has nothing left to do and to publish. */
export function expectAtRest(identityUuid: string): Promise<void> {
  return eventually(async () => {
    const { pending, jobs } = await env.IDENTITIES.getByName(identityUuid).inspect();
    expect({ pending, jobs }).toEqual({ pending: 0, jobs: [] });
  });
}

/** One number that D1 answers. */
export async function numberOf(sql: string, ...values: unknown[]): Promise<number> {
  const row = await env.DB.prepare(sql)
    .bind(...values)
    .first<Record<string, number | null>>();
  return Object.values(row ?? {})[0] ?? 0;
}

/** Lets the cron of the sweep go off once, and waits for the maintenance that it starts. */
export async function sweepOnce(): Promise<void> {
  const controller = createScheduledController({ cron: "*/5 * * * *", scheduledTime: new Date() });
  await limitedWorker.scheduled(controller, env);
  await expectMaintained();
}

/** Waits until the maintenance object has nothing to do before long; between two steps it may look so, too. */
export function expectMaintained(): Promise<void> {
  return eventually(async () => {
    const alarmMs = await runInDurableObject(env.MAINTENANCE.getByName(MAINTENANCE), (_, { storage }) =>
      storage.getAlarm(),
    );
    expect(alarmMs ?? Infinity).toBeGreaterThan(Date.now() + SOON_MS);
  });
}

function hex(number: number, length: number): string {
  return number.toString(16).padStart(length, "0");
}
