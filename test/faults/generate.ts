/** Makes a history from a seed: the same seed, the same history. */
import { type Random, randomOf } from "../../src/simulate/random.ts";
import {
  DAMAGES,
  type Fault,
  FAULT_KINDS,
  PLACES,
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
  const messages = listOf(random.integer(3, 12), () => message(random, attackers));
  const isDeferring = random.integer(0, 3) === 0;
  const steps = listOf(random.integer(5, 15), () => step(random, attackers, messages.length, false));
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

/** How often each step comes, by and large: while another is paused it is mostly the ones that change links. */
const WEIGHTS: readonly (readonly [Step["do"], usual: number, meanwhile: number])[] = [
  ["deliver", 50, 30],
  ["merge", 10, 18],
  ["unmerge", 9, 18],
  ["erase", 3, 6],
  ["register", 6, 8],
  ["rebuild", 3, 4],
  ["rebuild_all", 1, 1],
  ["maintenance_alarm", 1, 1],
  ["alarm", 3, 3],
  ["evict", 2, 2],
  ["crash", 2, 4],
  ["pause", 1, 2],
  ["resume", 2, 1],
  ["sweep", 4, 4],
  ["replay_dead_letters", 2, 1],
  ["deploy", 1, 0],
];

function step(random: Random, attackers: number, messages: number, isMeanwhile: boolean): Step {
  const faults = !isMeanwhile && random.integer(0, 4) < 3 ? faultsOf(random, attackers, messages) : [];
  const identity = random.integer(0, attackers);
  const attacker = random.integer(0, attackers - 1);
  const kind = pick(
    random,
    WEIGHTS.flatMap(([name, usual, meanwhile]) =>
      Array.from({ length: isMeanwhile ? meanwhile : usual }, () => name),
    ),
  );
  switch (kind) {
    case "deliver": {
      const length = random.integer(1, Math.min(messages, 5));
      return { do: kind, messages: listOf(length, () => random.integer(0, messages - 1)), faults };
    }
    case "merge":
      return { do: kind, winner: identity, loser: random.integer(0, attackers), faults };
    case "erase":
      return { do: kind, attacker, faults };
    case "register":
      return { do: kind, attacker, identity: chance(random, 2) ? identity : null, faults };
    case "unmerge":
    case "rebuild":
    case "alarm":
    case "evict":
    case "crash":
      return { do: kind, identity, faults };
    case "deploy":
      return { do: kind, windowSize: random.integer(3, 5), faults };
    case "rebuild_all":
    case "maintenance_alarm":
    case "pause":
    case "resume":
    case "sweep":
    case "replay_dead_letters":
      return { do: kind, faults };
    default:
      return kind satisfies never;
  }
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
    const meanwhile = isPause
      ? listOf(random.integer(1, 2), () => step(random, attackers, messages, true))
      : [];
    const place = pick(random, ["any", "any", ...PLACES] as const);
    const at = Math.min(random.integer(0, 9), random.integer(0, place === "any" ? 9 : 3));
    return { on: "await", place, at, kind, meanwhile };
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
