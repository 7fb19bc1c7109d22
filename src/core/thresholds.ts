/**
 * Every constant of the merging rules, with unit, range and reason. A variable of the same name overrides it;
 * `readThresholds` validates the variables. The files in `merge/` say which rule uses which constant.
 */

/** The constants of contract §3. */
export interface Thresholds {
  /** N: the number of informative observations in a window. */
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
  /** Name of the variable that overrides the constant. */
  readonly variable: string;
  readonly standard: number;
  readonly min: number;
  readonly max: number;
  readonly isInteger: boolean;
}

/** Name, standard value and range (both ends included) of each constant. */
export const THRESHOLD_SPECS: Readonly<Record<keyof Thresholds, Spec>> = {
  /** Observations. A larger window detects drift later and is harder to mislead. At most 20, so that an event stays below 64 KB. */
  windowSize: { variable: "WINDOW_SIZE", standard: 5, min: 1, max: 20, isInteger: true },
  /** Observations. With fewer the state is `unknown`, because two sessions often agree by chance. */
  minimumObservations: { variable: "MINIMUM_OBSERVATIONS", standard: 3, min: 1, max: 1_000, isInteger: true },
  /** Observations of a window that must agree. The standard tolerates one of five that differs. */
  categoricalMajority: { variable: "CATEGORICAL_MAJORITY", standard: 4, min: 1, max: 20, isInteger: true },
  /** 0–1. Maximum confidence of `multi_actor`, because alternation does not prove that there are several actors. */
  multiActorConfidenceCap: {
    variable: "MULTI_ACTOR_CONFIDENCE_CAP",
    standard: 0.6,
    min: 0,
    max: 1,
    isInteger: false,
  },
  /** Primitives of one identity that must alternate before several actors are suspected. A single one may be noise. */
  multiActorPrimitives: {
    variable: "MULTI_ACTOR_PRIMITIVES",
    standard: 2,
    min: 1,
    max: 100,
    isInteger: true,
  },
  /** Weight of each newer value in the mean, above 0 to 1. With a larger weight the mean follows the newest value more closely. */
  numericEwmaAlpha: { variable: "NUMERIC_EWMA_ALPHA", standard: 0.3, min: 1e-6, max: 1, isInteger: false },
  /** Share by which the mean must move (at least) to count as drift. With a lower share one unusual session changes the state. */
  numericDriftShift: { variable: "NUMERIC_DRIFT_SHIFT", standard: 0.3, min: 0, max: 1_000, isInteger: false },
  /** Coefficient of variation above which a window is `conflicted`. */
  numericConflictCv: { variable: "NUMERIC_CONFLICT_CV", standard: 1, min: 0, max: 1_000, isInteger: false },
  /** Maximum number of rotations inside the window that counts as drift. A tool is updated now and then; more rotations are a conflict. */
  hashDriftRotations: { variable: "HASH_DRIFT_ROTATIONS", standard: 2, min: 0, max: 15, isInteger: true },
  /** Seconds before the last observation in which distinct hashes are counted. The standard is one day. */
  hashWindowSecs: {
    variable: "HASH_WINDOW_SECS",
    standard: 86_400,
    min: 0,
    max: 31_622_400,
    isInteger: false,
  },
};

/** The constants of the contract. */
export const STANDARD_THRESHOLDS: Thresholds = fromSpecs((spec) => spec.standard);

/** A variable whose value is out of range. */
export interface ThresholdProblem {
  readonly variable: string;
  readonly expected: string;
  readonly found: string;
}

/**
 * Reads the constants, with overrides.
 * @param read - returns the text of a variable, or undefined if it is not set (an empty text counts as not set)
 * @returns the constants, or all variables that are out of range
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

/** The names of the constants in display order. */
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
