/** Identities whose series are followed by evidence, and a second implementation of what must stand: from nothing, over all that is stored. */
import {
  type AppliedObservation,
  compareMembers,
  isInformative,
  type Member,
  type MergeKind,
} from "../../src/core/index.ts";
import { drawOf, evidenceHook, type EvidenceInputs, keyOf, Regime } from "../../src/evidence/index.ts";
import { NOTED_AT } from "../../src/evidence/constants.ts";
import { type Entry, readEntry } from "../../src/evidence/series/entry.ts";
import { readCheckpoint, readSeries, type SeriesState } from "../../src/evidence/series/kept-series.ts";
import type { Random } from "../../src/simulate/random.ts";
import { ATTACKER } from "../core/factories.ts";
import { applyTogether, type Arrival, type Model, newModel, recordOf } from "../core/model.ts";

/** Low, so that a change of a few hundred observations is found. */
export const THRESHOLD = 30;
export const FIRST_TS = 1_749_000_000;

export type FollowedKind = Exclude<MergeKind, "bag">;

export function inputsOf(overrides: { threshold?: number; secret?: string } = {}): EvidenceInputs {
  const { threshold = THRESHOLD, secret = "secret" } = overrides;
  return {
    constants: { threshold, traitPrimitives: ["motor.*"] },
    key: keyOf(secret),
    words: null,
  };
}

/** An identity without observations. */
export function followedModel(inputs: EvidenceInputs, kinds: Readonly<Record<string, MergeKind>>): Model {
  const model = newModel();
  model.hook = evidenceHook(inputs);
  Object.assign(model.kinds, kinds);
  return model;
}

/** Observations of one primitive, a minute apart from the `offset`th on. */
export function observationsOf(
  primitive: string,
  values: readonly unknown[],
  { offset = 0, ...overrides }: Partial<AppliedObservation> & { offset?: number } = {},
): AppliedObservation[] {
  return values.map((value, i) => ({
    primitive,
    value: JSON.stringify(value),
    ts: FIRST_TS + (i + offset) * 60,
    evidenceRef: `session:${String(i + offset).padStart(6, "0")}`,
    attackerUuid: ATTACKER,
    id: "i",
    ...overrides,
  }));
}

/** Applies observations in batches of random sizes, in a random order. */
export function applyInAnyOrder(
  model: Model,
  observations: readonly AppliedObservation[],
  random: Random,
  most = 40,
): void {
  const rest = shuffled(observations, random);
  while (rest.length > 0) applyTogether(model, rest.splice(0, random.integer(1, most)));
}

/** The member of a list at an index; the test fails if there is none. */
export function nth<T>(list: readonly T[], index: number): T {
  const member = list[index];
  if (member === undefined) throw new Error(`the list must have a member ${index}`);
  return member;
}

export function shuffled<T>(list: readonly T[], random: Random): T[] {
  const all = [...list];
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    const [a, b] = [all[i], all[j]];
    if (a !== undefined && b !== undefined) [all[i], all[j]] = [b, a];
  }
  return all;
}

/** Values that change at some places: between two levels, with noise. */
export function valuesOf(
  kind: FollowedKind,
  random: Random,
  length: number,
  changes: readonly number[],
): unknown[] {
  let level = 0;
  return Array.from({ length }, (_, i) => {
    if (changes.includes(i)) level++;
    const draw = random.integer(0, 99);
    if (kind === "numeric") return draw === 0 ? draw % 2 === 0 : 100 + (level % 2) * 80 + draw;
    if (kind === "hash") return `hash-${level}-${draw < 5 ? draw : 0}`;
    return draw === 0 ? "unknown" : ["a", "b", "c", "d"][((level % 2) * 2 + (draw < 30 ? 1 : 0)) % 4];
  });
}

/** The state of a series. */
export function stateOfSeries(model: Model, primitive: string): SeriesState {
  const { kept } = recordOf(model, primitive);
  const state = kept && readSeries(kept);
  if (!state) throw new Error(`nothing is kept of ${primitive}`);
  return state;
}

export function entriesOf(model: Model, primitive: string): Entry[] {
  return (model.entries.get(primitive) ?? []).map(readEntry);
}

/** The ids of all changes that stand, sorted. */
export function standingIds(model: Model): string[] {
  return [...model.entries.keys()].flatMap((name) => entriesOf(model, name).map(({ id }) => id)).toSorted();
}

/** The ids of all that was published and not withdrawn, sorted; throws if one is published or withdrawn twice in a row. */
export function publishedIds(model: Model): string[] {
  const ids = new Set<string>();
  for (const event of model.events) {
    if (event.type === "evidence.changed") {
      if (ids.has(event.payload.id)) throw new Error(`${event.payload.id} is published twice`);
      ids.add(event.payload.id);
    }
    if (event.type === "evidence.withdrawn" && !ids.delete(event.payload.id))
      throw new Error(`${event.payload.id} is withdrawn, but was not published`);
  }
  return [...ids].toSorted();
}

/** What must be known of a series. */
export interface FromNothing {
  readonly changes: readonly {
    readonly first: string;
    readonly last: string;
    readonly since: number;
    readonly observations: number;
    readonly e: number;
  }[];
  readonly now: Uint8Array;
  readonly e: number;
  readonly last: Member | null;
  /** By regime and number: the state at each multiple of 64. */
  readonly checkpoints: ReadonlyMap<string, { readonly regime: Uint8Array; readonly last: string }>;
}

/** Steps through the stored series in the plainest way. */
export function fromNothing(
  primitive: string,
  kind: FollowedKind,
  members: readonly Member[],
  inputs: EvidenceInputs,
): FromNothing {
  const constants = { threshold: inputs.constants.threshold, notedAt: NOTED_AT };
  const changes: FromNothing["changes"][number][] = [];
  const checkpoints = new Map<string, { regime: Uint8Array; last: string }>();
  let regime = Regime.empty(kind);
  let first: Member | null = null;
  let last: Member | null = null;
  for (const member of members.toSorted(compareMembers)) {
    if (!isInformative(kind, member.value)) continue;
    first ??= member;
    last = member;
    const draw = drawOf(inputs.key, member.attackerUuid, primitive, member.evidenceRef);
    if (regime.step(member.value, member.ts, draw, constants)) {
      changes.push({
        first: keyText(first),
        last: keyText(member),
        since: regime.split()?.since.number ?? 0,
        observations: regime.count,
        e: regime.e,
      });
      regime = Regime.empty(kind);
      first = null;
    } else if (regime.count % 64 === 0) {
      checkpoints.set(`${changes.length}:${regime.count}`, { regime: regime.write(), last: keyText(member) });
    }
  }
  return { changes, now: regime.write(), e: regime.e, last, checkpoints };
}

export function keyText({
  ts,
  evidenceRef,
  attackerUuid,
}: Pick<Member, "ts" | "evidenceRef" | "attackerUuid">): string {
  return `${ts} ${evidenceRef} ${attackerUuid}`;
}

/** Compares what is known of every series with what the stored observations from its start give. @returns a sentence per difference */
export function differences(model: Model, inputs: EvidenceInputs): string[] {
  const problems: string[] = [];
  for (const primitive of model.records.keys()) {
    const kind = model.kinds[primitive] ?? "categorical";
    if (kind === "bag") continue;
    const state = stateOfSeries(model, primitive);
    const { start } = state;
    const members = storedMembers(model, primitive).filter((member) => {
      if (start === null) return true;
      const order = compareMembers(member, start);
      return order > 0 || (order === 0 && !start.isAfter);
    });
    const expected = fromNothing(primitive, kind, members, inputs);
    const entries = entriesOf(model, primitive);
    const check = (name: string, found: unknown, right: unknown): void => {
      const [a, b] = [JSON.stringify(found), JSON.stringify(right)];
      if (a !== b) problems.push(`${primitive}: ${name} is ${a}, must be ${b}`);
    };
    const found = entries
      .filter(({ isFrozen }) => !isFrozen)
      .map(({ first, last, since, observations, e }) => ({
        first: keyText(first),
        last: keyText(last),
        since: since.number,
        observations,
        e,
      }));
    check("changes", found, expected.changes);
    if (state.singleTs === null) {
      check("regime", [...state.now], [...expected.now]);
      check("last", state.last && keyText(state.last), expected.last && keyText(expected.last));
    } else {
      check("number", 1, members.filter(({ value }) => isInformative(kind, value)).length);
      check("time", state.singleTs, expected.last?.ts);
    }
    check("e", state.e, expected.e);
    check("entries", state.entries, entries.length);
    check("changed", state.changedTs, entries.at(-1)?.last.ts ?? null);
    check("since", state.changedSinceTs, entries.at(-1)?.since.ts ?? null);
    if (!(state.e >= 0 && state.e < Infinity)) problems.push(`${primitive}: e is ${state.e}`);
    const frozenOnes = entries.filter(({ isFrozen }) => isFrozen);
    if (frozenOnes.some(({ last }) => start === null || compareMembers(last, start) > 0))
      problems.push(`${primitive}: a frozen change is after the start`);
    if (entries.slice(0, frozenOnes.length).some(({ isFrozen }) => !isFrozen))
      problems.push(`${primitive}: a frozen change comes after another one`);
    for (const bytes of state.checkpoints) {
      const checkpoint = readCheckpoint(bytes);
      const { count } = Regime.read(kind, checkpoint.regime);
      const right = expected.checkpoints.get(`${checkpoint.entries - frozenOnes.length}:${count}`);
      check(`checkpoint ${checkpoint.entries}:${count}`, keyText(checkpoint.last), right?.last);
      check("its state", [...checkpoint.regime], [...(right?.regime ?? [])]);
    }
  }
  const [published, standing] = [publishedIds(model).join(), standingIds(model).join()];
  if (published !== standing) problems.push(`published ${published}, standing ${standing}`);
  return problems;
}

export function storedMembers(model: Model, primitive: string): Member[] {
  return [...(model.stored.get(primitive)?.values() ?? [])].map(toMember);
}

function toMember({ value, ts, evidenceRef, attackerUuid }: Arrival): Member {
  return { value, ts, evidenceRef, attackerUuid };
}
