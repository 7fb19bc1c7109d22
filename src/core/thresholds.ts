/**
 * Every constant of the merging rules, with unit, range and reason. Each can be overridden by a variable of its
 * name; `readThresholds` validates them. Which rule uses which is said in `merge/`.
 */

/** The constants of contract §3. */
export interface Thresholds {
  /** N: how many informative observations make a window. */
  readonly windowSize: number;
  readonly minimumObservations: number;
  readonly categoricalMajority: number;
  readonly multiActorConfidenceCap: number;
  readonly multiActorPrimitives: number;
  readonly numericEwmaAlpha: number;
  readonly numericDriftShift: number;
  readonly numericConflictCv: number;
  readonly hashDriftRotations: number;
  readonly hashWindowSecs: number;
}

interface Spec {
  /** The name of the variable that overrides it. */
  readonly variable: string;
  readonly standard: number;
  readonly min: number;
  readonly max: number;
  readonly isInteger: boolean;
}

/** Name, standard value and range (both ends included) of each constant. */
export const THRESHOLD_SPECS: Readonly<Record<keyof Thresholds, Spec>> = {
  /** Observations. Larger: slower to see drift, harder to fool. At most 20, so that an event stays under 64 KB. */
  windowSize: { variable: "WINDOW_SIZE", standard: 5, min: 1, max: 20, isInteger: true },
  /** Observations. Below it nothing is claimed: two sessions agree by chance too often. */
  minimumObservations: { variable: "MINIMUM_OBSERVATIONS", standard: 3, min: 1, max: 1_000, isInteger: true },
  /** Observations of a window that must agree; one dissenter of five is tolerated. */
  categoricalMajority: { variable: "CATEGORICAL_MAJORITY", standard: 4, min: 1, max: 20, isInteger: true },
  /** 0–1. Alternation is a hint, not a proof: its confidence never exceeds this. */
  multiActorConfidenceCap: {
    variable: "MULTI_ACTOR_CONFIDENCE_CAP",
    standard: 0.6,
    min: 0,
    max: 1,
    isInteger: false,
  },
  /** Primitives of one identity that must alternate before several actors are suspected; one may be noise. */
  multiActorPrimitives: {
    variable: "MULTI_ACTOR_PRIMITIVES",
    standard: 2,
    min: 1,
    max: 100,
    isInteger: true,
  },
  /** Weight of each newer value, above 0 to 1. Larger: follows the newest value more closely. */
  numericEwmaAlpha: { variable: "NUMERIC_EWMA_ALPHA", standard: 0.3, min: 1e-6, max: 1, isInteger: false },
  /** Share by which the mean must move to count as drift, itself included. Lower: one odd session flips the state. */
  numericDriftShift: { variable: "NUMERIC_DRIFT_SHIFT", standard: 0.3, min: 0, max: 1_000, isInteger: false },
  /** Coefficient of variation above which a window contradicts itself. */
  numericConflictCv: { variable: "NUMERIC_CONFLICT_CV", standard: 1, min: 0, max: 1_000, isInteger: false },
  /** Rotations inside the window that still count as drift; tools are updated, not swapped by the hour. */
  hashDriftRotations: { variable: "HASH_DRIFT_ROTATIONS", standard: 2, min: 0, max: 15, isInteger: true },
  /** Seconds before the last observation in which distinct hashes are counted: a day of a bot's work. */
  hashWindowSecs: {
    variable: "HASH_WINDOW_SECS",
    standard: 86_400,
    min: 0,
    max: 31_622_400,
    isInteger: false,
  },
};

/** The constants as the contract states them. */
export const STANDARD_THRESHOLDS: Thresholds = fromSpecs((spec) => spec.standard);

/** A variable that does not hold what it must. */
export interface ThresholdProblem {
  readonly variable: string;
  readonly expected: string;
  readonly found: string;
}

/**
 * The constants with overrides applied.
 * @param read - gives the text of a variable, or undefined where it is not set (an empty text counts as not set)
 * @returns the constants, or every variable that is wrong
 */
export function readThresholds(
  read: (variable: string) => string | undefined,
): { ok: true; thresholds: Thresholds } | { ok: false; problems: ThresholdProblem[] } {
  const problems: ThresholdProblem[] = [];
  const thresholds = fromSpecs((spec) => {
    const text = read(spec.variable)?.trim();
    if (text === undefined || text === "") return spec.standard;
    const number = Number(text);
    const isInRange = number >= spec.min && number <= spec.max;
    if (isInRange && (!spec.isInteger || Number.isInteger(number))) return number;
    const noun = spec.isInteger ? "a whole number" : "a number";
    problems.push({
      variable: spec.variable,
      expected: `${noun} from ${spec.min} to ${spec.max}`,
      found: text.slice(0, 64),
    });
    return spec.standard;
  });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, thresholds };
}

/** The names of the constants, in the order in which they are shown. */
export const thresholdNames: readonly (keyof Thresholds)[] = [
  "windowSize",
  "minimumObservations",
  "categoricalMajority",
  "multiActorConfidenceCap",
  "multiActorPrimitives",
  "numericEwmaAlpha",
  "numericDriftShift",
  "numericConflictCv",
  "hashDriftRotations",
  "hashWindowSecs",
];

function fromSpecs(pick: (spec: Spec) => number): Thresholds {
  const of = (name: keyof Thresholds) => pick(THRESHOLD_SPECS[name]);
  return {
    windowSize: of("windowSize"),
    minimumObservations: of("minimumObservations"),
    categoricalMajority: of("categoricalMajority"),
    multiActorConfidenceCap: of("multiActorConfidenceCap"),
    multiActorPrimitives: of("multiActorPrimitives"),
    numericEwmaAlpha: of("numericEwmaAlpha"),
    numericDriftShift: of("numericDriftShift"),
    numericConflictCv: of("numericConflictCv"),
    hashDriftRotations: of("hashDriftRotations"),
    hashWindowSecs: of("hashWindowSecs"),
  };
}
