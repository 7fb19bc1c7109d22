/** Makes a history from a seed: the same seed, the same history. */
import { type Random, randomOf } from "../../src/simulate/random.ts";
import {
  type AwaitFault,
  DAMAGES,
  type Fault,
  FAULT_KINDS,
  type Plan,
  type PlannedEvent,
  type PlannedMessage,
  type Step,
} from "./plan.ts";

/** Primitives, values of each, pieces of evidence, ids: few, so that series grow long and keys meet. */
const PRIMITIVES = 4;
const VALUES = 6;
const EVIDENCES = 14;
const MINUTES = 40;

/** The history of a seed. */
export function planOf(seed: number): Plan {
  const random = randomOf(seed, [7]);
  const attackers = random.integer(2, 4);
  const messages = listOf(random.integer(4, 16), () => message(random, attackers));
  const isDeferring = random.integer(0, 3) === 0;
  const steps = listOf(random.integer(6, 18), () => step(random, attackers, messages.length, 0));
  return { seed, attackers, isDeferring, messages, steps };
}

function message(random: Random, attackers: number): PlannedMessage {
  const form = pick(random, [
    "payload",
    "bus",
    "events",
    "events",
    "events",
    "events",
    "text",
    "bytes",
  ] as const);
  // Sessions speak of one attacker, mostly.
  const attacker = random.integer(0, attackers - 1);
  const length = form === "payload" || form === "bus" ? 1 : random.integer(1, 7);
  return { form, events: listOf(length, () => event(random, attacker, attackers)) };
}

function event(random: Random, attacker: number, attackers: number): PlannedEvent {
  return {
    attacker: chance(random, 8) ? random.integer(0, attackers - 1) : attacker,
    // The first two alternate most, so that several actors get suspected.
    primitive: Math.min(random.integer(0, PRIMITIVES - 1), random.integer(0, PRIMITIVES - 1)),
    value: Math.min(random.integer(0, VALUES - 1), random.integer(0, VALUES - 1)),
    evidence: random.integer(0, EVIDENCES - 1),
    id: random.integer(0, 2),
    minute: random.integer(0, MINUTES),
    isAfterErasure: chance(random, 6),
    damage: chance(random, 25) ? pick(random, DAMAGES) : null,
  };
}

function step(random: Random, attackers: number, messages: number, depth: number): Step {
  const faults = depth === 0 && chance(random, 2) ? faultsOf(random, attackers, messages) : [];
  const identity = random.integer(0, attackers);
  const attacker = random.integer(0, attackers - 1);
  const draw = random.integer(0, 99);
  if (draw < 50) {
    const length = random.integer(1, Math.min(messages, 5));
    return { do: "deliver", messages: listOf(length, () => random.integer(0, messages - 1)), faults };
  }
  if (draw < 61) return { do: "merge", winner: identity, loser: random.integer(0, attackers), faults };
  if (draw < 69) return { do: "unmerge", identity, faults };
  if (draw < 72) return { do: "erase", attacker, faults };
  if (draw < 78) {
    return { do: "register", attacker, identity: chance(random, 2) ? identity : null, faults };
  }
  if (draw < 81) return { do: "rebuild", identity, faults };
  if (draw < 82) return { do: "rebuild_all", faults };
  if (draw < 83) return { do: "maintenance_alarm", faults };
  if (draw < 86) return { do: "alarm", identity, faults };
  if (draw < 88) return { do: "evict", identity, faults };
  if (draw < 90) return { do: "crash", identity, faults };
  if (draw < 91) return { do: "pause", faults };
  if (draw < 93) return { do: "resume", faults };
  if (draw < 97) return { do: "sweep", faults };
  if (draw < 99) return { do: "replay_dead_letters", faults };
  return { do: "deploy", windowSize: random.integer(3, 5), faults };
}

function faultsOf(random: Random, attackers: number, messages: number): Fault[] {
  return listOf(random.integer(1, 2), (): Fault => {
    if (chance(random, 7)) {
      return {
        on: "transaction",
        at: random.integer(0, 2),
        kind: pick(random, ["rolled_back", "crash_after"] as const),
      };
    }
    const kind = pick(random, FAULT_KINDS);
    const isPause = kind === "pause_before" || kind === "pause_after";
    const meanwhile = isPause ? listOf(random.integer(1, 2), () => step(random, attackers, messages, 1)) : [];
    return {
      on: "await",
      at: Math.min(random.integer(0, 9), random.integer(0, 9)),
      kind,
      meanwhile,
    } satisfies AwaitFault;
  });
}

/** True once in `n` times. */
function chance(random: Random, n: number): boolean {
  return random.integer(1, n) === 1;
}

function pick<T>(random: Random, list: readonly T[]): T {
  const member = list[random.integer(0, list.length - 1)];
  if (member === undefined) throw new RangeError("cannot pick from an empty list");
  return member;
}

function listOf<T>(length: number, make: () => T): T[] {
  return Array.from({ length }, make);
}
