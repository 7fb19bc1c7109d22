/** Makes a history from a seed: the same seed makes the same history. */
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
import { overlap } from "./overlap.ts";
import { chance, LONG_WORK, MEANWHILE, pick, type StepKind, USUAL } from "./weights.ts";

/** How many primitives, values of each, pieces of evidence and minutes: few, so that series grow long and keys meet. */
const PRIMITIVES = 4;
const VALUES = 6;
const EVIDENCES = 14;
const MINUTES = 40;
/** The evidence of long series is numbered from a multiple of this on. */
const SERIES_EVIDENCE = 1_000;
/** Observations of a session row: so few that most sessions take several levels, and as many as they have. */
const ROW_SIZES = [1, 2, 3, 5, 128];

/** What the steps of a history draw from. */
interface Draw {
  readonly random: Random;
  readonly attackers: number;
  readonly messages: number;
  readonly kinds: readonly StepKind[];
}

/** The history of a seed. */
export function planOf(seed: number): Plan {
  const random = randomOf(seed, [7]);
  // Half of the histories are mostly long work on a few identities.
  const isLong = random.integer(0, 1) === 1;
  const attackers = random.integer(2, isLong ? 3 : 4);
  const databases = random.integer(0, 1) === 0 ? 1 : 2;
  const home = chance(random, 3) ? null : random.integer(0, databases - 1);
  const length = isLong ? random.integer(4, 10) : random.integer(3, 12);
  const messages = listOf(length, () => message(random, attackers, isLong));
  const isDeferring = chance(random, isLong ? 2 : 4);
  const draw = { random, attackers, messages: messages.length, kinds: isLong ? LONG_WORK : USUAL };
  const steps = isLong ? longSteps(draw) : listOf(random.integer(5, 15), () => step(draw, false));
  return {
    seed,
    attackers,
    databases,
    home,
    minimumObservations: chance(random, 8) ? 12 : 3,
    rowSize: pick(random, ROW_SIZES),
    isDeferring,
    messages,
    steps,
  };
}

/** Everything is delivered; then long work is started, and other things happen before it is done, again and again. */
function longSteps(draw: Draw): Step[] {
  const { random, attackers, messages } = draw;
  const all: Step = { do: "deliver", messages: [...Array(messages).keys()], faults: [] };
  const known: Step = {
    do: "register",
    attacker: random.integer(0, attackers - 1),
    identity: null,
    faults: [],
  };
  const rounds = listOf(random.integer(2, 4), () => [
    ...listOf(random.integer(0, 3), () => step(draw, false)),
    ...overlap(random, attackers, messages),
  ]);
  return [all, known, ...rounds.flat()];
}

/** A series of one primitive that changes once, a minute apart: long enough for evidence that it did. */
function longSeries(random: Random, attackers: number): PlannedMessage {
  const attacker = random.integer(0, attackers - 1);
  const primitive = random.integer(0, PRIMITIVES - 1);
  const [before, length] = [random.integer(8, 20), random.integer(25, MINUTES)];
  const first = SERIES_EVIDENCE * random.integer(1, 3);
  const isAfterErasure = chance(random, 6);
  const events = Array.from({ length }, (_, i): PlannedEvent => ({
    attacker,
    primitive,
    value: i < before ? random.integer(0, 1) : random.integer(2, 3),
    evidence: first + i,
    id: 0,
    minute: i,
    isAfterErasure,
    damage: null,
  }));
  return { form: "events", events };
}

function message(random: Random, attackers: number, isLong: boolean): PlannedMessage {
  if (chance(random, 5)) return longSeries(random, attackers);
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
  // Most sessions are about one attacker.
  const attacker = random.integer(0, attackers - 1);
  const length = form === "payload" || form === "bus" ? 1 : random.integer(isLong ? 4 : 1, isLong ? 9 : 7);
  return { form, events: listOf(length, () => event(random, attacker, attackers)) };
}

function event(random: Random, attacker: number, attackers: number): PlannedEvent {
  return {
    attacker: chance(random, 8) ? random.integer(0, attackers - 1) : attacker,
    // The values of the first two alternate most, so that several actors are suspected.
    primitive: Math.min(random.integer(0, PRIMITIVES - 1), random.integer(0, PRIMITIVES - 1)),
    value: Math.min(random.integer(0, VALUES - 1), random.integer(0, VALUES - 1)),
    evidence: random.integer(0, EVIDENCES - 1),
    id: random.integer(0, 2),
    minute: random.integer(0, MINUTES),
    isAfterErasure: chance(random, 6),
    damage: chance(random, 25) ? pick(random, DAMAGES) : null,
  };
}

function step(draw: Draw, isMeanwhile: boolean): Step {
  const { random, attackers, messages } = draw;
  const faults = !isMeanwhile && random.integer(0, 4) < 3 ? faultsOf(draw) : [];
  // The last identity belongs to no attacker.
  const anIdentity = () => (chance(random, 6) ? attackers : random.integer(0, attackers - 1));
  const identity = anIdentity();
  const attacker = random.integer(0, attackers - 1);
  const kind = pick(random, isMeanwhile ? MEANWHILE : draw.kinds);
  switch (kind) {
    case "deliver": {
      const length = random.integer(1, Math.min(messages, 5));
      return { do: kind, messages: listOf(length, () => random.integer(0, messages - 1)), faults };
    }
    case "merge":
      return { do: kind, winner: identity, loser: anIdentity(), faults };
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
    case "expire":
      return { do: kind, identity, minute: random.integer(0, MINUTES), limit: random.integer(1, 20), faults };
    case "allow_pages":
      return { do: kind, pages: chance(random, 4) ? null : random.integer(0, 3), faults };
    case "release_pages":
      return { do: kind, page: chance(random, 3) ? null : random.integer(0, 2), faults };
    case "hold_pages":
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

function faultsOf(draw: Draw): Fault[] {
  const { random } = draw;
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
    const meanwhile = isPause ? listOf(random.integer(1, 2), () => step(draw, true)) : [];
    const place = pick(random, ["any", "any", ...PLACES] as const);
    const at = Math.min(random.integer(0, 9), random.integer(0, place === "any" ? 9 : 3));
    return { on: "await", place, at, kind, meanwhile };
  });
}

function listOf<T>(length: number, make: () => T): T[] {
  return Array.from({ length }, make);
}
