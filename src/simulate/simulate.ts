/**
 * Plays scenarios: turns their sessions into observation payloads (contract §2) with times, ids and addresses. The same
 * options give the same bytes. The commands send and print them.
 */
import { attackerUuidOfAddress } from "../core/index.ts";
import { simulatedAddress } from "./address.ts";
import { randomOf } from "./random.ts";
import type { MeasuredValue, Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenarios/index.ts";

/** What to simulate. */
export interface SimulationOptions {
  /** Whole number, 0 to 2^32 − 1. */
  readonly seed: number;
  /** Epoch seconds. No session ends later; the last ones end shortly before. */
  readonly endTs: number;
  /** Number of attackers, 1 to 50,000. They take the scenarios in turn. Default: one per scenario. */
  readonly identities?: number;
  /** Sessions per attacker, 1 to 1,000. Default: the number that the scenario defines. */
  readonly sessions?: number;
  /** The scenarios to play. Default: all. */
  readonly scenarios?: readonly Scenario[];
}

/** One attacker that plays a scenario. */
export interface SimulatedAttacker {
  readonly attackerUuid: string;
  readonly address: string;
  readonly scenario: Scenario;
  /** Number of attackers with the same scenario before this one. */
  readonly round: number;
  /** Number of its sessions. */
  readonly sessions: number;
  /** Whether it has as many sessions as the scenario defines. Only then the expected states hold. */
  readonly isComplete: boolean;
}

/** An observation payload (contract §2). */
interface SimulatedEvent {
  readonly v: 1;
  readonly id: string;
  readonly attacker_uuid: string;
  readonly primitive: string;
  readonly value: MeasuredValue;
  readonly confidence: number;
  readonly window: { readonly start_ts: number; readonly end_ts: number };
  readonly source: string;
  readonly evidence_ref: string;
  readonly ts: number;
}

/** One session. A sensor would send it as one message. */
export interface SimulatedSession {
  readonly attacker: SimulatedAttacker;
  /** From 0. */
  readonly index: number;
  /** Epoch seconds; the `ts` of every event. */
  readonly endTs: number;
  readonly events: readonly SimulatedEvent[];
}

const MAX_SEED = 2 ** 32 - 1;
const MAX_IDENTITIES = 50_000;
const MAX_SESSIONS = 1_000;
const SOURCE = "attribution-worker/simulate";
/** Maximum jitter, as a share of the gap between two sessions. */
const JITTER_SHARE = 1 / 8;

/**
 * The attackers of a simulation, in the order in which scenarios are assigned.
 * @throws RangeError naming the option that is out of range
 */
export function castAttackers(options: SimulationOptions): SimulatedAttacker[] {
  const scenarios = options.scenarios ?? SCENARIOS;
  if (scenarios.length === 0) throw new RangeError("scenarios must not be empty");
  const identities = options.identities ?? scenarios.length;
  requireWhole("seed", options.seed, 0, MAX_SEED);
  requireWhole("identities", identities, 1, MAX_IDENTITIES);
  if (options.sessions !== undefined) requireWhole("sessions", options.sessions, 1, MAX_SESSIONS);
  const attackers: SimulatedAttacker[] = [];
  for (let i = 0; i < identities; i += 1) {
    const scenario = scenarios[i % scenarios.length];
    if (scenario === undefined) throw new Error(`there must be a scenario for attacker ${i}, got none`);
    const round = Math.floor(i / scenarios.length);
    const address = simulatedAddress(options.seed, indexOf(scenario), SCENARIOS.length, round);
    const sessions = options.sessions ?? scenario.sessions;
    const isComplete = sessions === scenario.sessions;
    attackers.push({
      attackerUuid: attackerUuidOfAddress(address),
      address,
      scenario,
      round,
      sessions,
      isComplete,
    });
  }
  return attackers;
}

/**
 * The sessions of all attackers, ordered by their end. It is a generator, so that a large simulation needs little memory.
 * @throws RangeError naming the option that is out of range
 * @example [...simulate({ seed: 1, endTs: 1_790_000_000 })].length // 242
 */
export function* simulate(options: SimulationOptions): Generator<SimulatedSession> {
  const attackers = castAttackers(options);
  if (!Number.isFinite(options.endTs)) throw new RangeError("endTs must be a finite number of epoch seconds");
  const plan = attackers.flatMap((attacker, i) =>
    sessionEnds(options, attacker).map((endTs, index) => ({ attacker, i, index, endTs })),
  );
  plan.sort((a, b) => a.endTs - b.endTs || a.i - b.i || a.index - b.index);
  const earliest = plan[0];
  if (earliest !== undefined && earliest.endTs - earliest.attacker.scenario.durationSecs[1] <= 0) {
    throw new RangeError(`endTs ${options.endTs} leaves no time before it for all sessions`);
  }
  for (const { attacker, index, endTs } of plan) {
    yield { attacker, index, endTs, events: sessionEvents(options.seed, attacker, index, endTs) };
  }
}

function sessionEnds(options: SimulationOptions, attacker: SimulatedAttacker): number[] {
  const { gapSecs } = attacker.scenario;
  const random = randomOf(options.seed, [...drawKeyOf(attacker), 1]);
  return Array.from({ length: attacker.sessions }, (_, index) => {
    const jitterMs = random.integer(0, Math.floor(gapSecs * JITTER_SHARE * 1_000));
    return roundToMs(options.endTs - (attacker.sessions - 1 - index) * gapSecs - jitterMs / 1_000);
  });
}

function sessionEvents(
  seed: number,
  attacker: SimulatedAttacker,
  index: number,
  endTs: number,
): SimulatedEvent[] {
  const { scenario, round, attackerUuid } = attacker;
  const play = scenario.play(randomOf(seed, [...drawKeyOf(attacker), 2]));
  const random = randomOf(seed, [...drawKeyOf(attacker), 3, index]);
  const startTs = roundToMs(endTs - random.integer(...scenario.durationSecs));
  const evidenceRef = `simulated:${seed}/${scenario.name}/${round}/session-${index}`;
  const measured = play({ index, count: attacker.sessions }, random);
  return Object.entries(measured).map(([primitive, value]) => ({
    v: 1,
    id: `${evidenceRef}#${primitive}`,
    attacker_uuid: attackerUuid,
    primitive,
    value,
    confidence: random.integer(60, 97) / 100,
    window: { start_ts: startTs, end_ts: endTs },
    source: SOURCE,
    evidence_ref: evidenceRef,
    ts: endTs,
  }));
}

/** The key of an attacker's random draws. A third number tells its purposes apart. */
function drawKeyOf(attacker: SimulatedAttacker): readonly [number, number] {
  return [indexOf(attacker.scenario), attacker.round];
}

function indexOf(scenario: Scenario): number {
  const index = SCENARIOS.indexOf(scenario);
  if (index < 0) throw new RangeError(`scenario ${scenario.name} is not in the catalogue`);
  return index;
}

function roundToMs(ts: number): number {
  return Math.round(ts * 1_000) / 1_000;
}

function requireWhole(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${value}`);
  }
}
