/** Planned messages as they are sent, and the observation that each event must become. */
import { chooseShard, stubIdentityUuid } from "../../src/core/index.ts";
import { canonicalJson } from "../../src/core/json.ts";
import { randomOf } from "../../src/simulate/random.ts";
import { DATABASE_NAMES } from "./bindings.ts";
import type { Plan, PlannedEvent, PlannedMessage } from "./plan.ts";

/** One primitive of each way of merging, and a second categorical one. */
export const PRIMITIVES = [
  "motor.input_modality",
  "cognitive.cognitive_load",
  "toolchain.c2.beacon_interval_ms",
  "toolchain.ssh.hassh_client",
] as const;

const VALUES: readonly (readonly unknown[])[] = [
  ["a", "b", "a", "b", "unknown", ["c"]],
  ["low", "high", "low", "high", "unknown", { x: 1 }],
  [100, 110, 135, -90, 0, 1e6],
  ["h0", "h1", "h2", "h3", "h4", "h5"],
];

/** Epoch seconds; long before any erasure. */
export const START_TS = 1_714_000_000;
/** The attacker of refused events; it is never erased. */
const NOBODY = "ffffffff-0000-4000-8000-00000000dead";

/** The attackers and identities that a plan's numbers stand for. */
export interface Cast {
  readonly attackers: readonly string[];
  /** The attackers' own identities, in the same order, and one that belongs to none of them. */
  readonly identities: readonly string[];
  /** Later than every erasure, within what a sensor's clock may be ahead; epoch seconds. */
  readonly afterErasureTs: number;
}

/** Makes them: the same plan has the same UUIDs. */
export function castOf(plan: Plan, nowTs: number): Cast {
  const uuid = (place: readonly number[]) => {
    const hex = randomOf(plan.seed, place).hex(32);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
  const names = DATABASE_NAMES.slice(0, plan.databases);
  const home = plan.home === null ? null : names[plan.home];
  const attackers = Array.from({ length: plan.attackers }, (_, i) => {
    for (let attempt = 0; ; attempt++) {
      const attacker = uuid(attempt === 0 ? [3, i] : [3, i, attempt]);
      if (!home || chooseShard(attacker, names) === home) return attacker;
    }
  });
  const identities = [...attackers.map((attacker) => stubIdentityUuid(attacker)), uuid([3, 99])];
  return { attackers, identities, afterErasureTs: Math.floor(nowTs) + 3_600 };
}

/** An observation as it must be stored. */
export interface Expected {
  readonly attackerUuid: string;
  readonly primitive: string;
  readonly evidenceRef: string;
  readonly ts: number;
  readonly id: string;
  readonly value: string;
}

/** The observation of an undamaged event. */
export function observationOf(event: PlannedEvent, cast: Cast): Expected {
  const json = canonicalJson(VALUES[event.primitive]?.[event.value]);
  if (!json.ok) throw new Error("a planned value must be JSON");
  return {
    attackerUuid: cast.attackers[event.attacker % cast.attackers.length] ?? "",
    primitive: PRIMITIVES[event.primitive] ?? "",
    evidenceRef: `cowrie:faults/${event.evidence >> 2}#${event.evidence & 3}`,
    ts: (event.isAfterErasure ? cast.afterErasureTs : START_TS) + event.minute * 60,
    id: `id-${event.id}`,
    value: json.text,
  };
}

/** A message's body as the queue has it. */
export function bodyOf(message: PlannedMessage, cast: Cast): unknown {
  const events = message.events.map((event) => wireOf(event, cast));
  switch (message.form) {
    case "payload":
      return events[0] ?? { events };
    case "bus": {
      const [payload] = events;
      if (!isRecord(payload)) return payload ?? { events };
      const topic = `attacker.observation.${String(payload["primitive"])}`;
      return { v: 1, id: "bus", topic, type: "observation", ts: 1, payload };
    }
    case "events":
      return { events };
    case "text":
      return JSON.stringify({ events });
    case "bytes":
      return new TextEncoder().encode(JSON.stringify({ events }));
    default:
      return message.form satisfies never;
  }
}

function wireOf(event: PlannedEvent, cast: Cast): unknown {
  const { attackerUuid, primitive, evidenceRef, ts, id, value } = observationOf(event, cast);
  const wire: Record<string, unknown> = {
    v: 1,
    id,
    attacker_uuid: event.damage === null ? attackerUuid : NOBODY,
    primitive,
    value: JSON.parse(value),
    confidence: 0.9,
    window: { start_ts: ts - 60, end_ts: ts },
    source: "faults",
    evidence_ref: evidenceRef,
    ts,
  };
  switch (event.damage) {
    case null:
      return wire;
    case "no_id":
      return { ...wire, id: undefined };
    case "bad_ts":
      return { ...wire, ts: ts * 1_000 };
    case "bad_confidence":
      return { ...wire, confidence: 1.5 };
    case "version":
      return { ...wire, v: 2 };
    case "null_value":
      return { ...wire, value: null };
    case "not_an_object":
      return [NOBODY];
    default:
      return event.damage satisfies never;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
