/** Compares the evidence of an identity with what a second implementation makes of the record from nothing, and with what was published. */
import type { OutboundEvent } from "../../src/core/index.ts";
import { createRegistry } from "../../src/core/index.ts";
import { mergeKindOf } from "../../src/core/observation.ts";
import { type EvidenceInputs, keyOf, STANDARD_EVIDENCE } from "../../src/evidence/index.ts";
import { type Model, newModel } from "../core/model.ts";
import { differences } from "../evidence/followed.ts";
import { injection } from "./injection.ts";
import type { Expected } from "./messages.ts";
import type { Snapshot } from "./snapshot.ts";
import { FAULTY_THRESHOLD } from "./thresholds.ts";
import { identityOf } from "./verify-published.ts";

/** How many events about evidence there are. */
export type EvidenceEvents = Readonly<Record<"changed" | "withdrawn" | "operators", number>>;

/** Counts those that were published, each once. */
export function evidenceEvents(): EvidenceEvents {
  const events = injection.published as OutboundEvent[];
  const types = [...new Map(events.map(({ id, type }) => [id, type])).values()];
  const countOf = (type: OutboundEvent["type"]) => types.filter((each) => each === type).length;
  return {
    changed: countOf("evidence.changed"),
    withdrawn: countOf("evidence.withdrawn"),
    operators: countOf("evidence.operators"),
  };
}

/**
 * What is kept and the entries of each series, what the stored observations from its start give, and the changes that were published and not
 * withdrawn, are the same; the published estimate is the one that is kept.
 * @param linked - the record's observations of the identity
 */
export function verifyEvidence(
  uuid: string,
  linked: readonly Expected[],
  held: Snapshot,
  problems: string[],
): void {
  const model = newModel();
  for (const { primitive, evidenceRef, attackerUuid, ...rest } of linked) {
    const members = model.stored.get(primitive) ?? new Map();
    model.stored.set(primitive, members);
    members.set(`${evidenceRef} ${attackerUuid}`, { evidenceRef, attackerUuid, ...rest });
  }
  const registry = createRegistry();
  for (const [primitive, record] of held.records) {
    model.records.set(primitive, record);
    model.kinds[primitive] = mergeKindOf(registry.kindOf(primitive));
    if (record.kept === null) problems.push(`${uuid}: nothing is kept of ${primitive}`);
  }
  for (const [primitive, entries] of held.entries) {
    model.entries.set(primitive, entries);
    if (!held.records.has(primitive)) problems.push(`${uuid}: ${primitive} has entries and no record`);
  }
  model.events.push(...eventsOf(uuid));
  if (problems.length > 0) return;
  problems.push(...differences(model, inputsOf()).map((problem) => `${uuid}: evidence of ${problem}`));
  verifyOperators(uuid, model, held, problems);
}

function verifyOperators(uuid: string, { events }: Model, held: Snapshot, problems: string[]): void {
  let estimate = 1;
  for (const event of events) {
    if (event.type !== "evidence.operators") continue;
    if (event.payload.old_estimate !== estimate)
      problems.push(
        `${uuid}: event ${event.seq} says ${event.payload.old_estimate} operators, it was ${estimate}`,
      );
    ({ estimate } = event.payload);
  }
  const kept: { operators: number } = JSON.parse(held.keptOfIdentity ?? '{"operators":1}');
  if (kept.operators !== estimate)
    problems.push(`${uuid}: ${kept.operators} operators are kept, ${estimate} published`);
}

/** The events of an identity, each once, in the order of `seq`. */
function eventsOf(uuid: string): OutboundEvent[] {
  const events = injection.published as OutboundEvent[];
  const own = events.filter(({ payload }) => identityOf(payload) === uuid);
  const bySeq = new Map(own.map((event) => [event.seq, event]));
  return [...bySeq.values()].toSorted((a, b) => a.seq - b.seq);
}

function inputsOf(): EvidenceInputs {
  return {
    constants: { ...STANDARD_EVIDENCE, threshold: FAULTY_THRESHOLD },
    key: keyOf("evidence-secret"),
    words: null,
  };
}
