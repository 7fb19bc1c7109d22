/** Whether an identity is as it must be once nothing is under way: D1, the object, its states and its events agree. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { compareUtf8, createRegistry, merge, type ObservationKey } from "../../src/core/index.ts";
import { mergeKindOf } from "../../src/core/observation.ts";
import { STANDARD_THRESHOLDS } from "../../src/core/thresholds.ts";
import { readHistory } from "../../src/storage/index.ts";
import { inObject } from "../setup/identity-object.ts";
import { heldObservations } from "../setup/object-observations.ts";
import { storedObservations } from "../setup/observations.ts";

/** An observation, by its key and what it says. */
export interface Row {
  readonly attackerUuid: string;
  readonly primitive: string;
  readonly evidenceRef: string;
  readonly ts: number;
  readonly id: string;
  readonly value: string;
}

/** What finds something in an object only while work waits, by the table that it needs. */
const WORK = {
  jobs: ["jobs", "SELECT 1 FROM jobs WHERE input IS NOT NULL"],
  staged: ["staged", "SELECT 1 FROM staged"],
  outbox: ["outbox", "SELECT 1 FROM outbox"],
  waiting: ["meta", "SELECT 1 FROM meta WHERE name = 'head' AND value ->> 'waiting' IS NOT NULL"],
  removed: ["meta", "SELECT 1 FROM meta WHERE name = 'removed'"],
} as const;

const stubOf = (identityUuid: string) => env.IDENTITIES.getByName(identityUuid);

/** The observations that an object holds. */
export async function heldRows(identityUuid: string): Promise<Row[]> {
  return (await heldObservations(stubOf(identityUuid))).map(toRow).toSorted(compareKeys);
}

/** The kinds of work that wait in an object. */
export function waitingWork(identityUuid: string): Promise<string[]> {
  return inObject(stubOf(identityUuid), (sql) => {
    const tables = tablesOf(sql);
    return Object.entries(WORK).flatMap(([name, [table, query]]) =>
      tables.includes(table) && sql.exec(query).toArray().length > 0 ? [name] : [],
    );
  });
}

/** How many long pieces of work an object has recorded and not finished. */
export function jobCount(identityUuid: string): Promise<number> {
  return inObject(stubOf(identityUuid), (sql) =>
    tablesOf(sql).includes("jobs") ? sql.exec(WORK.jobs[1]).toArray().length : 0,
  );
}

/** The observations that D1 has of the attackers linked to an identity. */
export async function linkedRows(identityUuid: string): Promise<Row[]> {
  const { results } = await env.DB.prepare("SELECT uuid FROM attackers WHERE identity_uuid = ?1")
    .bind(identityUuid)
    .all<{ uuid: string }>();
  const rows = await Promise.all(results.map(({ uuid }) => storedObservations(uuid)));
  return rows.flat().map(toRow).toSorted(compareKeys);
}

/** Runs alarms until no object has one set any more. */
export async function quiesce(...identityUuids: readonly string[]): Promise<void> {
  for (let round = 0; round < 50; round++) {
    const ran = await Promise.all(
      // An alarm whose object ends comes again.
      identityUuids.map((identityUuid) => runDurableObjectAlarm(stubOf(identityUuid)).catch(() => true)),
    );
    if (!ran.includes(true)) return;
  }
  throw new Error("alarms must come to an end, they did not in 50 rounds");
}

/** Expects of a living identity that its object holds what D1 links to it, and that states and events follow from that. */
export async function expectSound(identityUuid: string): Promise<void> {
  await quiesce(identityUuid);
  expect(await waitingWork(identityUuid)).toEqual([]);
  const linked = await linkedRows(identityUuid);
  const held = (await heldRows(identityUuid)).map(textOf);
  const stored = linked.map(textOf);
  expect({
    onlyInD1: stored.filter((text) => !held.includes(text)),
    onlyInObject: held.filter((text) => !stored.includes(text)),
  }).toEqual({ onlyInD1: [], onlyInObject: [] });
  const found = (await stubOf(identityUuid).attribution()).map(({ lastChangeTs: _, ...state }) => state);
  expect(found).toEqual(statesOf(linked));
  const last = new Map<string, string>();
  for (const { type, payload } of await eventsOf(identityUuid)) {
    if (type === "profile.state_changed") last.set(payload["primitive"] ?? "", payload["new_state"] ?? "");
  }
  expect(found.map(({ primitive }) => last.get(primitive))).toEqual(found.map(({ state }) => state));
  const { results } = await env.DB.prepare(
    "SELECT uuid FROM attackers WHERE identity_uuid = ?1 AND needs_backfill",
  )
    .bind(identityUuid)
    .all();
  expect(results).toEqual([]);
}

function toRow({ attackerUuid, primitive, evidenceRef, ts, id, value }: Row): Row {
  return { attackerUuid, primitive, evidenceRef, ts, id, value };
}

function compareKeys(a: ObservationKey, b: ObservationKey): number {
  return (
    compareUtf8(a.attackerUuid, b.attackerUuid) ||
    compareUtf8(a.primitive, b.primitive) ||
    compareUtf8(a.evidenceRef, b.evidenceRef)
  );
}

function textOf({ attackerUuid, primitive, evidenceRef, ts, id, value }: Row): string {
  return [attackerUuid, primitive, evidenceRef, ts, id, value].join(" ");
}

interface PublishedEvent {
  readonly type: string;
  readonly seq: number;
  readonly payload: Readonly<Record<string, string>>;
}

/** The events of an identity in D1's history, whose `seq` must have no gap. */
export async function eventsOf(identityUuid: string): Promise<PublishedEvent[]> {
  const history = await readHistory(env.DB, identityUuid, 0, 100_000);
  const events = history.map(({ event }): PublishedEvent => JSON.parse(event));
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  return events;
}

function statesOf(rows: readonly Row[]) {
  return [...new Set(rows.map(({ primitive }) => primitive))].toSorted().map((primitive) => {
    const members = rows.filter((row) => row.primitive === primitive);
    const outcome = merge(mergeKindOf(createRegistry().kindOf(primitive)), members, STANDARD_THRESHOLDS);
    const { currentValue, state, confidence, observationCount, lastObservationTs } = outcome;
    return { primitive, currentValue, state, confidence, observationCount, lastObservationTs };
  });
}

function tablesOf(sql: SqlStorage): string[] {
  return sql
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
    .toArray()
    .map(({ name }) => name);
}
