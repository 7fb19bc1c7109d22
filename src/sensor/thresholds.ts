/**
 * All constants of the sensors, with unit, range and reason. Class limits marked "BEHAVE" are those of DECNET's BEHAVE-SHELL
 * extractor, so that a value has the same meaning for every sensor. The others are this project's; their comments say
 * where they come from. `docs/sensor.md` has the table.
 */

// ── Streams ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Seconds of log time without a line after which an open session has ended. > 0. Cowrie itself closes an idle shell after
 * 180 s and an idle login after 120 s, so after an hour without a line the closing line was lost. */
export const SESSION_IDLE_SECS = 3_600;
/** Maximum number of open sessions, at least 1. A further one ends the session that was opened first. Bounds memory. */
export const MAX_OPEN_SESSIONS = 20_000;
/** Maximum number of commands, key strokes or outputs of one session that are used, at least 1. Later ones are ignored. Bounds memory. */
export const MAX_EVENTS_PER_SESSION = 10_000;

// ── Confidence ───────────────────────────────────────────────────────────────────────────────────────────────

/** Confidence of values that are read and not inferred (a fingerprint, a banner, the duration of a closed session): 0–1. */
export const READING_CONFIDENCE = 1;
/** Confidence of the duration of a session without a closing line, 0–1. The duration is only a lower bound. */
export const OPEN_END_CONFIDENCE = 0.5;
/** Number of commands or pastes at which the confidence of a class is 0.5: confidence = n / (n + this). > 0. One sample
 * gives 0.33, five 0.71, eighteen 0.9. */
export const SAMPLES_FOR_HALF = 2;
/** The same for gaps between keys, whose spread needs more samples. > 0. In 240 labelled sessions the class from 20 gaps
 * equals the class from 99 gaps in 72 %, the class from 8 gaps in 57 %. */
export const KEY_GAPS_FOR_HALF = 10;

// ── Session length ───────────────────────────────────────────────────────────────────────────────────────────

/** Below this: `short`. Seconds, BEHAVE. */
export const SHORT_SESSION_SECS = 60;
/** Below this: `medium`. Seconds, BEHAVE. */
export const MEDIUM_SESSION_SECS = 600;
/** Below this: `long`, from it on `marathon`. Seconds, BEHAVE. */
export const LONG_SESSION_SECS = 3_600;

// ── Pace of commands ─────────────────────────────────────────────────────────────────────────────────────────

/** Commands at most this far apart arrived as one input, which the honeypot split: seconds, ≥ 0. In the sessions of two
 * sensors such gaps are below 0.003 s, and there are almost none between that and 0.1 s. */
export const ONE_GO_SECS = 0.01;
/** Median gap up to this: `instant`. Seconds, BEHAVE. */
export const INSTANT_SECS = 0.3;
/** Up to this: `typing_speed`. Seconds, BEHAVE. */
export const TYPING_SPEED_SECS = 1.5;
/** Up to this: `deliberate`. Seconds, BEHAVE. */
export const DELIBERATE_SECS = 2;
/** Up to this: `llm_lightweight`. Seconds, BEHAVE. */
export const LLM_LIGHTWEIGHT_SECS = 8;
/** Up to this: `llm_heavyweight`, above `long`. Seconds, BEHAVE. */
export const LLM_HEAVYWEIGHT_SECS = 30;
/** Minimum number of gaps for consistency, at least 2. With fewer than three gaps the spread cannot reach `bimodal`. */
export const MIN_GAPS_FOR_CONSISTENCY = 3;
/** Spread (standard deviation / mean) of the gaps below which they are `metronomic`. > 0, BEHAVE. */
export const METRONOMIC_SPREAD = 0.4;
/** Spread above which they are `bimodal`. > 0, BEHAVE. */
export const BIMODAL_SPREAD = 1.5;

// ── What the commands are ────────────────────────────────────────────────────────────────────────────────────

/** Minimum number of commands for diversity and vocabulary, BEHAVE. With fewer there is no observation. (BEHAVE sends
 * "unknown", which has the same effect but must be stored.) */
export const MIN_COMMANDS_FOR_DIVERSITY = 5;
/** Minimum share of distinct first words of a `linear_playbook`: 0–1, BEHAVE. */
export const LINEAR_PLAYBOOK_SHARE = 0.7;
/** Maximum number of distinct first words of a `narrow` vocabulary. BEHAVE. */
export const NARROW_VOCABULARY = 3;
/** Minimum number of distinct first words of a `broad` vocabulary. BEHAVE. */
export const BROAD_VOCABULARY = 10;
/** Number of first commands that are checked for a landing ritual. BEHAVE. */
export const LANDING_COMMANDS = 5;
/** Minimum number of commands for a finding about a landing ritual. BEHAVE. */
export const MIN_LANDING_COMMANDS = 3;
/** Minimum number of orientation commands of a landing ritual. BEHAVE. */
export const LANDING_HITS = 2;
/** Minimum number of pipelines (command lines split at `;`, `&&`, `||`) for pipe depth. */
export const MIN_PIPELINES = 5;
/** Minimum depth of `moderate`: pipes per pipeline, median over the command lines. BEHAVE's limit lies between the whole
 * numbers 1 and 2; this is the middle, because a mean is not a whole number. */
export const MODERATE_PIPES = 1.5;
/** Minimum depth of `deep`. BEHAVE's limit lies between 2 and 3. */
export const DEEP_PIPES = 2.5;

// ── Keys and pastes ──────────────────────────────────────────────────────────────────────────────────────────

/** Minimum number of characters that arrive at once and are a paste, at least 2. BEHAVE; an arrow key sends three characters. */
export const PASTE_CHARS = 4;
/** Keys at most this far apart were not pressed one by one: seconds. BEHAVE's lower limit for a person. */
export const MACHINE_GAP_SECS = 0.005;
/** Pastes at most this far apart are parts of one paste: seconds. BEHAVE. */
export const PASTE_JOIN_SECS = 0.2;
/** Single keys that arrive at most this long after the session's first output were typed before the shell was ready. The
 * honeypot delivers them at once, so their times say nothing: seconds. */
export const TYPE_AHEAD_SECS = 0.05;
/** Minimum share of pastes among keys and pastes of `pasted` input: 0–1. BEHAVE. */
export const PASTED_SHARE = 0.4;
/** Maximum share of pastes of `typed` input: 0–1. BEHAVE. */
export const TYPED_SHARE = 0.05;
/** Minimum share of pastes of `habitual` pasting: 0–1. BEHAVE. */
export const HABITUAL_PASTE_SHARE = 0.5;
/** Minimum share of pastes of `occasional` pasting: 0–1. BEHAVE. */
export const OCCASIONAL_PASTE_SHARE = 0.1;
/** Maximum gap between two keys that belongs to typing; in a longer one the user thinks: seconds. BEHAVE. */
export const THINKING_SECS = 1.5;
/** Minimum number of gaps between keys for a cadence. */
export const MIN_KEY_GAPS = 8;
/** Spread of the gaps below which a machine typed: 0–1. BEHAVE; the lowest of 240 labelled human sessions is 0.38. */
export const MACHINE_SPREAD = 0.05;
/** Minimum median gap of `hunt_and_peck`: seconds. Chosen together with `STEADY_SPREAD`. */
export const HUNT_AND_PECK_SECS = 0.25;
/** Spread below which the cadence is `steady`; from it on it is `bursty`. BEHAVE has 0.5 (and `hunt_and_peck` from a spread
 * of 1.5), which classifies 92 % of 240 labelled sessions as bursty. With 0.6 and 0.25 s two sessions of one typist agree in
 * 82 %, of two typists in 54 %. A higher limit separates typists better, but the class of more typists changes between
 * their own sessions. */
export const STEADY_SPREAD = 0.6;
/** Minimum number of gaps inside a line for its rhythm. BEHAVE. */
export const MIN_GAPS_IN_LINE = 3;
/** Commands are `fluent` below this spread inside a line, median over the lines. BEHAVE; of ten-key pieces of the labelled
 * sessions, two of one typist agree in 83 %, two of different typists in 59 %. */
export const FLUENT_SPREAD = 0.5;
/** Maximum delay of an `immediate` correction after the key before it: seconds. BEHAVE; the median of the labelled
 * corrections is 0.51 s. */
export const IMMEDIATE_CORRECTION_SECS = 0.5;
/** Minimum number of keys without a correction for the value `absent`. */
export const MIN_KEYS_WITHOUT_CORRECTION = 20;
/** Minimum number of typed lines for completion and shortcuts. */
export const MIN_TYPED_LINES = 3;
/** Minimum share of typed lines with a tab of `habitual` completion: 0–1. BEHAVE. */
export const HABITUAL_TAB_SHARE = 0.5;
/** Minimum number of shortcuts per typed line of `moderate` use. BEHAVE. */
export const MODERATE_SHORTCUTS = 0.05;
/** Minimum number of shortcuts per typed line of `heavy` use. BEHAVE. */
export const HEAVY_SHORTCUTS = 0.3;
/** Minimum number of pauses for the value `fire_and_forget`. BEHAVE's number of pairs. */
export const MIN_PAUSES_FOR_REGULAR_PACE = 5;
/** Spread of the pauses below which the pace is regular, so it does not depend on the output. */
export const REGULAR_PACE_SPREAD = 0.05;
/** Minimum number of pauses for a correlation with the output. */
export const MIN_PAUSES_FOR_CORRELATION = 10;
/** Minimum correlation that counts, in standard errors (1 / √n): about 95 % certainty. */
export const CORRELATION_ERRORS = 2;
