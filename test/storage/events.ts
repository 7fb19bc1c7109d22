/** Events for tests of the history, of every kind that the core makes. */
import {
  type EventPlace,
  followedEvent,
  formedEvent,
  mergedEvent,
  multiActorSuspectedEvent,
  stateChangedEvent,
  unmergedEvent,
} from "../../src/core/event.ts";
import { eventId, type OutboundEvent, STANDARD_POLICY, STATES } from "../../src/core/index.ts";
import { randomOf } from "../../src/simulate/random.ts";
import type { HistoryEvent } from "../../src/storage/history/codec.ts";

export type Random = ReturnType<typeof randomOf>;

const STRANGE = ["", "a", '"', "\\", "é漢", "\u0000", "\ud800", "😀", "__proto__", "12", "x".repeat(300)];

/** A JSON value, maybe an odd one. */
export function randomValue(random: Random, depth = 2): unknown {
  const draw = random.integer(0, depth > 0 ? 7 : 4);
  if (draw < 2) return STRANGE[random.integer(0, STRANGE.length - 1)];
  if (draw === 2) return random.integer(-5, 1_000_000) / 7;
  if (draw === 3) return [null, true, false, 0, 1e300][random.integer(0, 4)];
  if (draw === 4) return random.hex(32);
  if (draw < 7) return Array.from({ length: random.integer(0, 3) }, () => randomValue(random, depth - 1));
  return randomFields(random, depth - 1);
}

/** A JSON object, maybe with odd names. */
export function randomFields(random: Random, depth = 1): Record<string, unknown> {
  const fields = Array.from({ length: random.integer(0, 3) }, () => {
    const name = STRANGE[random.integer(0, STRANGE.length - 1)] ?? "";
    return `${JSON.stringify(name)}:${JSON.stringify(randomValue(random, depth))}`;
  });
  // Read from text, so that a field may be named `__proto__`.
  return JSON.parse(`{${fields.join(",")}}`);
}

/** An event as the core makes it. */
export function randomEvent(random: Random, place: EventPlace): OutboundEvent {
  const uuids = Array.from({ length: random.integer(1, 4) }, () => crypto.randomUUID());
  const pick = () => STATES[random.integer(0, STATES.length - 1)] ?? "unknown";
  switch (random.integer(0, 9)) {
    case 0:
      return formedEvent(place, uuids, random.integer(0, 1_800_000_000));
    case 1:
      return mergedEvent(place, crypto.randomUUID(), uuids);
    case 2:
      return unmergedEvent(place, crypto.randomUUID(), uuids);
    case 3: {
      const names = Array.from(
        { length: random.integer(1, 1_200) },
        (_, i) => `p.${String(i).padStart(4, "0")}`,
      );
      return multiActorSuspectedEvent(place, names, STANDARD_POLICY, random.integer(0, 1_800_000_000));
    }
    case 4:
      return provenChange(place.identityUuid, place.seq, { values: randomFields(random) });
    case 5:
      return followedEvent(
        place,
        {
          kind: "evidence_withdrawn",
          payload: { identity_uuid: place.identityUuid, primitive: "motor.p1", id: crypto.randomUUID() },
        },
        STANDARD_POLICY.id,
      );
    case 6:
      return followedEvent(
        place,
        {
          kind: "evidence_operators",
          payload: {
            identity_uuid: place.identityUuid,
            estimate: random.integer(1, 3),
            old_estimate: 1,
            sessions: random.integer(8, 64),
            active: 0,
            gain: random.integer(0, 1) === 0 ? null : random.integer(0, 900) / 7,
            needed: null,
            primitives: ["motor.p1"],
            ts: random.integer(0, 1_800_000_000),
          },
        },
        STANDARD_POLICY.id,
      );
    default: {
      const members = uuids.map((uuid) => ({
        value: JSON.parse(JSON.stringify(randomValue(random))),
        ts: random.integer(0, 1_800_000_000) / 8,
        evidence_ref: `cowrie:${random.hex(12)}#kex`,
        attacker_uuid: uuid,
      }));
      return stateChangedEvent(
        place,
        `motor.p${random.integer(0, 9)}`,
        random.integer(0, 1) === 0 ? null : pick(),
        {
          state: pick(),
          currentValue: JSON.stringify(randomValue(random)),
          confidence: random.integer(0, 10) / 10,
          observationCount: random.integer(1, 9_999),
          lastChangeTs: 1,
          lastObservationTs: random.integer(0, 1_800_000_000),
        },
        {
          rule: "too_few_observations",
          recent: members,
          older: [],
          entered: members.map(({ evidence_ref, attacker_uuid }) => ({ evidence_ref, attacker_uuid })),
          left: [],
          statistic: 1,
          threshold: 3,
          margin: 2,
        },
        STANDARD_POLICY.id,
      );
    }
  }
}

/** Events of one identity, as JSON. @param from - number of the first */
export function eventsFrom(
  identityUuid: string,
  from: number,
  count: number,
  change: (event: OutboundEvent) => unknown = (event) => event,
): HistoryEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const seq = from + i;
    const event = transition(identityUuid, seq);
    return { seq, event: JSON.stringify(change(event)) };
  });
}

/** A proven change. Its summaries name nobody, its explanation names an attacker. */
export function provenChange(
  identityUuid: string,
  seq: number,
  given: { readonly attackerUuid?: string; readonly values?: Readonly<Record<string, unknown>> } = {},
): OutboundEvent {
  const { attackerUuid = "a0000000-0000-4000-8000-000000000001", values = {} } = given;
  const ts = 1_714_000_000 + seq;
  const place = { ts, evidence_ref: `cowrie:s${seq}#kex`, attacker_uuid: attackerUuid };
  const shares = JSON.parse(JSON.stringify([{ value: values, share: 1 }]));
  return followedEvent(
    { identityUuid, seq, nowTs: ts },
    {
      kind: "evidence_changed",
      payload: {
        identity_uuid: identityUuid,
        primitive: "motor.input_modality",
        id: eventId(identityUuid, seq),
        ts,
        since_ts: ts - 60,
        e: 3_456.789,
        before: { count: 30, shares },
        after: { count: 12, shares },
        effect: 0.5,
      },
      explanation: { rule: "e_process", threshold: 3_200, first: place, last: place },
    },
    STANDARD_POLICY.id,
  );
}

/** A plain transition. Its `ts` are 1,714,000,000 + `seq`. */
export function transition(
  identityUuid: string,
  seq: number,
  { primitive = "motor.input_modality", attackerUuid = "a0000000-0000-4000-8000-000000000001" } = {},
): OutboundEvent {
  const ts = 1_714_000_000 + seq;
  const key = { evidence_ref: `cowrie:s${seq}#kex`, attacker_uuid: attackerUuid };
  return stateChangedEvent(
    { identityUuid, seq, nowTs: ts },
    primitive,
    seq === 1 ? null : (STATES[seq % 3] ?? "unknown"),
    {
      state: STATES[(seq + 1) % 3] ?? "unknown",
      currentValue: '"typed"',
      confidence: 0.6,
      observationCount: seq,
      lastChangeTs: ts,
      lastObservationTs: ts,
    },
    {
      rule: "too_few_observations",
      recent: [{ value: "typed", ts, ...key }],
      older: [],
      entered: [key],
      left: [],
      statistic: 1,
      threshold: 3,
      margin: 2,
    },
    STANDARD_POLICY.id,
  );
}
