/**
 * How many operators share an identity, and who sat at which session. Two are compared with one operator and with regimes in a row, three
 * with two; of several the best fit over all starts is judged, no other.
 */
import { canonicalJson } from "../../core/index.ts";
import { OPERATORS } from "../constants.ts";
import { isAcceptable, likeliestPath, neededGain } from "./acceptance.ts";
import { type Fit, fitOne, fitSeveral } from "./fit.ts";
import { fitRows } from "./regimes.ts";
import { byFirstAppearance } from "./starts.ts";
import { type Kinds, kindOf, type SessionValues, type Traits, traitsOf } from "./traits.ts";

/** The estimate, and what it rests on. Plain data. */
export interface OperatorModel {
  /** Operators, 1 to `OPERATORS.most`. */
  readonly estimate: number;
  /**
   * Gain in log-likelihood of the last number of operators that was accepted, over what it was compared with; if several were refused, that
   * of two. Null if several were not tried: too few sessions, or nothing varies.
   */
  readonly gain: number | null;
  /**
   * The gain that is needed, with the price of primitives; null with `gain`. It does not suffice: operators must also come back, have
   * enough sessions each, and be told apart by order or by far.
   */
  readonly needed: number | null;
  /** Primitives that were looked at, constants counted. */
  readonly primitives: number;
  /** The operator of each session that was looked at (the last `OPERATORS.sessions`), numbered from 0 by first appearance. */
  readonly path: readonly number[];
  /** The probability of that operator, 0–1. */
  readonly probabilities: readonly number[];
  /** The operator of the last session, or null without sessions. */
  readonly active: number | null;
}

/**
 * Estimates the operators of an identity. Of one operator whose sessions are alike, or whose behaviour changes once or drifts, at most 1 %
 * are called several. Deterministic; never throws.
 * @param sessions - values by primitive, oldest first; only the last `OPERATORS.sessions` are looked at
 * @param kinds - by primitive; one that is not there is categorical
 */
export function estimateOperators(sessions: readonly SessionValues[], kinds: Kinds): OperatorModel {
  const last = sessions.slice(-OPERATORS.sessions);
  const traits = traitsOf(last, kinds);
  if (last.length < OPERATORS.fewest) return oneOperator(traits, null);
  const { freedom, one } = fitFreedom(traits);
  const two = fitSeveral(traits, 2, freedom);
  if (!two) return oneOperator(traits, null);
  const gainOfTwo = two.logLikelihood - Math.max(one.logLikelihood, fitRows(traits, freedom));
  if (!isAccepted(traits, freedom, two, gainOfTwo)) return oneOperator(traits, gainOfTwo);
  let accepted = modelOf(traits, two, gainOfTwo);
  let best = two;
  for (let count = 3; count <= OPERATORS.most; count++) {
    const fit = fitSeveral(traits, count, freedom);
    if (!fit) break;
    const gain = fit.logLikelihood - best.logLikelihood;
    if (!isAccepted(traits, freedom, fit, gain)) break;
    accepted = modelOf(traits, fit, gain);
    best = fit;
  }
  return accepted;
}

/**
 * The operators in short. Any value but null can be a hash here: the caller's hashes may be numbers.
 * @example operators([{ "motor.a": "x" }, { "motor.a": "y" }], {}) // { estimate: 1, path: [0, 0], active: 0 }
 */
export function operators(
  sessions: readonly SessionValues[],
  kinds: Kinds,
): Pick<OperatorModel, "estimate" | "path" | "active"> {
  const { estimate, path, active } = estimateOperators(
    sessions.map((values) => withHashTexts(values, kinds)),
    kinds,
  );
  return { estimate, path, active };
}

/** The values of a session with each hash as its canonical JSON. What is no JSON stays, and counts as missing. */
function withHashTexts(values: SessionValues, kinds: Kinds): SessionValues {
  return Object.fromEntries(
    Object.entries(values).map(([primitive, value]) => {
      if (value === null || kindOf(primitive, kinds) !== "hash") return [primitive, value];
      const canonical = canonicalJson(value);
      return [primitive, canonical.ok ? canonical.text : value];
    }),
  );
}

/** The fit of one operator with the likeliest ν (tie: the first). */
function fitFreedom(traits: Traits): { freedom: number; one: Fit } {
  const [first, ...others] = OPERATORS.freedoms;
  let best: { freedom: number; one: Fit } = { freedom: first, one: fitOne(traits, first) };
  for (const freedom of traits.numbers ? others : []) {
    const one = fitOne(traits, freedom);
    if (one.logLikelihood > best.one.logLikelihood) best = { freedom, one };
  }
  return best;
}

function isAccepted(traits: Traits, freedom: number, fit: Fit, gain: number): boolean {
  return gain >= neededGain(traits, fit.operators) && isAcceptable(traits, freedom, fit);
}

function oneOperator(traits: Traits, gain: number | null): OperatorModel {
  return {
    estimate: 1,
    gain,
    needed: gain === null ? null : neededGain(traits, 2),
    primitives: traits.primitives,
    path: Array.from({ length: traits.sessions }, () => 0),
    probabilities: Array.from({ length: traits.sessions }, () => 1),
    active: traits.sessions === 0 ? null : 0,
  };
}

function modelOf(traits: Traits, fit: Fit, gain: number): OperatorModel {
  const likeliest = likeliestPath(fit);
  const path = [...byFirstAppearance(likeliest)];
  return {
    estimate: fit.operators,
    gain,
    needed: neededGain(traits, fit.operators),
    primitives: traits.primitives,
    path,
    probabilities: path.map((_, i) => Math.min(1, fit.weights[(likeliest[i] ?? 0) * path.length + i] ?? 0)),
    active: path.at(-1) ?? null,
  };
}
