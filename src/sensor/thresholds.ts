/**
 * Every number the sensors decide by, each with its unit, range and reason. The class limits marked "BEHAVE" are those
 * published with DECNET's BEHAVE-SHELL extractor, so that a value means the same whoever measured it; the others are
 * this project's and say where they come from. `docs/sensor.md` has the table.
 */

// ── Streams ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Seconds of log time without a line after which an open session counts as over. > 0. Cowrie itself closes an idle
 * shell after 180 s and an idle login after 120 s, so an hour of silence means the closing line was lost. */
export const SESSION_IDLE_SECS = 3_600;
/** Sessions held open at once, at least 1; beyond it the one opened first is finished early. Bounds memory. */
export const MAX_OPEN_SESSIONS = 20_000;
/** Commands, key strokes or outputs of one session that are looked at, at least 1; later ones are not. Bounds memory. */
export const MAX_EVENTS_PER_SESSION = 10_000;

// ── Confidence ───────────────────────────────────────────────────────────────────────────────────────────────

/** Confidence of what is read rather than inferred (a fingerprint, a banner, the length of a closed session): 0–1. */
export const READING_CONFIDENCE = 1;
/** Confidence in the length of a session whose end was not seen, 0–1: the length is only a lower bound. */
export const OPEN_END_CONFIDENCE = 0.5;
/** Samples at which a class drawn from commands or pastes is trusted by half: confidence = n / (n + this). > 0. One
 * sample gives 0.33, five 0.71, eighteen 0.9. */
export const SAMPLES_FOR_HALF = 2;
/** The same for gaps between keys, whose spread needs more samples. > 0. On 240 labelled sessions, the class from 20
 * gaps is that from 99 in 72 %, the class from 8 gaps in 57 %. */
export const KEY_GAPS_FOR_HALF = 10;

// ── Session length ───────────────────────────────────────────────────────────────────────────────────────────

/** Below: `short`. Seconds, BEHAVE. */
export const SHORT_SESSION_SECS = 60;
/** Below: `medium`. Seconds, BEHAVE. */
export const MEDIUM_SESSION_SECS = 600;
/** Below: `long`, from here on `marathon`. Seconds, BEHAVE. */
export const LONG_SESSION_SECS = 3_600;

// ── Pace of commands ─────────────────────────────────────────────────────────────────────────────────────────

/** Commands at most this far apart came in one go and were split by the honeypot: seconds, ≥ 0. In the sessions of two
 * sensors such gaps lie below 0.003 s and almost nothing lies between that and 0.1 s. */
export const ONE_GO_SECS = 0.01;
/** Median gap up to here: `instant`. Seconds, BEHAVE. */
export const INSTANT_SECS = 0.3;
/** Up to here: `typing_speed`. Seconds, BEHAVE. */
export const TYPING_SPEED_SECS = 1.5;
/** Up to here: `deliberate`. Seconds, BEHAVE. */
export const DELIBERATE_SECS = 2;
/** Up to here: `llm_lightweight`. Seconds, BEHAVE. */
export const LLM_LIGHTWEIGHT_SECS = 8;
/** Up to here: `llm_heavyweight`, above `long`. Seconds, BEHAVE. */
export const LLM_HEAVYWEIGHT_SECS = 30;
/** Gaps needed to speak of consistency, at least 2: with fewer than three no spread can reach `bimodal`. */
export const MIN_GAPS_FOR_CONSISTENCY = 3;
/** Spread (standard deviation / mean) of the gaps below which they are `metronomic`. > 0, BEHAVE. */
export const METRONOMIC_SPREAD = 0.4;
/** Spread above which they are `bimodal`. > 0, BEHAVE. */
export const BIMODAL_SPREAD = 1.5;

// ── What the commands are ────────────────────────────────────────────────────────────────────────────────────

/** Commands needed to speak of diversity or vocabulary, BEHAVE. Below it nothing is said (BEHAVE says "unknown", which
 * the engine treats the same way but has to store). */
export const MIN_COMMANDS_FOR_DIVERSITY = 5;
/** Share of distinct first words from which on the session is a `linear_playbook`: 0–1, BEHAVE. */
export const LINEAR_PLAYBOOK_SHARE = 0.7;
/** Distinct first words up to which the vocabulary is `narrow`. BEHAVE. */
export const NARROW_VOCABULARY = 3;
/** Distinct first words from which on it is `broad`. BEHAVE. */
export const BROAD_VOCABULARY = 10;
/** Commands at the start that may be a landing ritual. BEHAVE. */
export const LANDING_COMMANDS = 5;
/** Commands needed to speak of a landing ritual at all. BEHAVE. */
export const MIN_LANDING_COMMANDS = 3;
/** Orientation commands among the first ones that make it a ritual. BEHAVE. */
export const LANDING_HITS = 2;
/** Pipelines (command lines split at `;`, `&&`, `||`) needed to speak of pipe depth. */
export const MIN_PIPELINES = 5;
/** Mean pipes of a pipeline, median over the command lines, from which on depth is `moderate`: BEHAVE's whole-number
 * step from 1 to 2, taken half-way because a mean is no whole number. */
export const MODERATE_PIPES = 1.5;
/** The same for `deep`: BEHAVE's step from 2 to 3. */
export const DEEP_PIPES = 2.5;

// ── Keys and pastes ──────────────────────────────────────────────────────────────────────────────────────────

/** Characters that arrive at once and count as a paste, at least 2. BEHAVE; an arrow key sends three. */
export const PASTE_CHARS = 4;
/** Keys at most this far apart were not pressed one by one: seconds. BEHAVE's floor of what a hand can do. */
export const MACHINE_GAP_SECS = 0.005;
/** Pastes at most this far apart are parts of one: seconds. BEHAVE. */
export const PASTE_JOIN_SECS = 0.2;
/** Single keys that arrive within this time of the session's first output were typed before the shell was ready and
 * handed over at once, so their pace is the honeypot's: seconds. */
export const TYPE_AHEAD_SECS = 0.05;
/** Share of pastes among keys and pastes from which on the input is `pasted`: 0–1. BEHAVE. */
export const PASTED_SHARE = 0.4;
/** Share up to which it is `typed`: 0–1. BEHAVE. */
export const TYPED_SHARE = 0.05;
/** Share of pastes from which on pasting is `habitual`: 0–1. BEHAVE. */
export const HABITUAL_PASTE_SHARE = 0.5;
/** Share from which on it is `occasional`: 0–1. BEHAVE. */
export const OCCASIONAL_PASTE_SHARE = 0.1;
/** A longer gap between two keys is thinking, not typing: seconds. BEHAVE. */
export const THINKING_SECS = 1.5;
/** Gaps between keys needed to speak of a cadence. */
export const MIN_KEY_GAPS = 8;
/** Spread of the gaps below which no hand typed: 0–1. BEHAVE; the lowest of 240 labelled human sessions is 0.38. */
export const MACHINE_SPREAD = 0.05;
/** Median gap from which on the keys are hunted for: seconds. Chosen with the next one, see there. */
export const HUNT_AND_PECK_SECS = 0.25;
/** Spread below which the hand is `steady`, from here on `bursty`. BEHAVE has 0.5 (and hunt and peck from a spread of
 * 1.5), which calls 92 % of 240 labelled sessions bursty. With 0.6 and 0.25 s two sessions of one typist agree in 82 %,
 * of two typists in 54 %; a higher limit parts typists better but makes more of them waver. */
export const STEADY_SPREAD = 0.6;
/** Gaps inside a line needed to speak of its rhythm. BEHAVE. */
export const MIN_GAPS_IN_LINE = 3;
/** Median over the lines of the spread inside a line, below which commands are typed `fluent`ly. BEHAVE; on ten-key pieces
 * of the labelled sessions, two of one typist agree in 83 %, of two typists in 59 %. */
export const FLUENT_SPREAD = 0.5;
/** A correction at most this long after the key before it is `immediate`: seconds. BEHAVE; the median of the labelled
 * corrections is 0.51 s. */
export const IMMEDIATE_CORRECTION_SECS = 0.5;
/** Keys without a correction from which on its absence says something. */
export const MIN_KEYS_WITHOUT_CORRECTION = 20;
/** Typed lines needed to speak of completion and shortcuts. */
export const MIN_TYPED_LINES = 3;
/** Share of typed lines with a tab from which on completion is `habitual`: 0–1. BEHAVE. */
export const HABITUAL_TAB_SHARE = 0.5;
/** Shortcuts per typed line from which on their use is `moderate`. BEHAVE. */
export const MODERATE_SHORTCUTS = 0.05;
/** Shortcuts per typed line from which on it is `heavy`. BEHAVE. */
export const HEAVY_SHORTCUTS = 0.3;
/** Pauses needed before a clockwork pace is called blind to the output. BEHAVE's number of pairs. */
export const MIN_PAUSES_FOR_CLOCKWORK = 5;
/** Spread of the pauses below which they are clockwork, so cannot depend on what was put out. */
export const CLOCKWORK_SPREAD = 0.05;
/** Pauses needed before a correlation with the output is looked at. */
export const MIN_PAUSES_FOR_CORRELATION = 10;
/** A correlation counts from this many standard errors (1 / √n) on: about 95 % certainty. */
export const CORRELATION_ERRORS = 2;
