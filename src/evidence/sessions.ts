/**
 * Sessions from observations: what one attacker did at one sensor in one window, with the last value of each trait. Which primitives
 * are traits is decided by globs. The kinds of the values are left to the operator model.
 */
import { compareUtf8, type JsonValue, type Observation } from "../core/index.ts";

/** The part of an observation that sessions are made of. */
export type SessionObservation = Pick<
  Observation,
  "attackerUuid" | "source" | "windowStartTs" | "windowEndTs" | "primitive" | "value" | "ts" | "evidenceRef"
>;

/** What one attacker did at one sensor in one window. */
export interface Session {
  readonly attackerUuid: string;
  readonly source: string;
  /** Start and end of the window, epoch seconds. */
  readonly startTs: number;
  readonly endTs: number;
  /** The last value of each trait, by primitive. Empty if the session has no traits. Abstentions (`"unknown"`) are kept. */
  readonly values: Readonly<Record<string, JsonValue>>;
}

/** A session that is being collected: the last observation of each trait. */
interface Collected {
  readonly first: SessionObservation;
  readonly last: Map<string, SessionObservation>;
}

/**
 * Groups observations into sessions: one attacker, one source, one window. Of a primitive's values in a session the last in series
 * order (`ts`, `evidence_ref`) counts. If that is an abstention, the session's value is missing, as the model reads it.
 * @param observations - in any order; the result does not depend on it
 * @param isTrait - a session whose observations are all of other primitives is a session without values
 * @returns ordered by start, end, attacker and source
 * @example sessionsOf(observations, traitFilter(["motor.*"]))
 */
export function sessionsOf(
  observations: Iterable<SessionObservation>,
  isTrait: (primitive: string) => boolean,
): Session[] {
  const sessions = new Map<string, Collected>();
  const traits = new Map<string, boolean>();
  for (const observation of observations) {
    const { attackerUuid, source, windowStartTs, windowEndTs, primitive } = observation;
    const name = `${windowStartTs} ${windowEndTs} ${attackerUuid} ${source}`;
    let session = sessions.get(name);
    if (!session) sessions.set(name, (session = { first: observation, last: new Map() }));
    let isOne = traits.get(primitive);
    if (isOne === undefined) traits.set(primitive, (isOne = isTrait(primitive)));
    if (!isOne) continue;
    const known = session.last.get(primitive);
    if (!known || compareInSeries(known, observation) < 0) session.last.set(primitive, observation);
  }
  return [...sessions.values()].map(toSession).toSorted(compareSessions);
}

/** The order of a series. Observations with one key are one observation for the engine; their values decide here. */
function compareInSeries(a: SessionObservation, b: SessionObservation): number {
  return a.ts - b.ts || compareUtf8(a.evidenceRef, b.evidenceRef) || compareUtf8(a.value, b.value);
}

function toSession({ first, last }: Collected): Session {
  const values = [...last.values()].toSorted((a, b) => compareUtf8(a.primitive, b.primitive));
  return {
    attackerUuid: first.attackerUuid,
    source: first.source,
    startTs: first.windowStartTs,
    endTs: first.windowEndTs,
    values: Object.fromEntries(values.map(({ primitive, value }) => [primitive, readValue(value)])),
  };
}

/** Values are canonical JSON behind the input border. */
function readValue(value: string): JsonValue {
  const parsed: JsonValue = JSON.parse(value);
  return parsed;
}

function compareSessions(a: Session, b: Session): number {
  return (
    a.startTs - b.startTs ||
    a.endTs - b.endTs ||
    compareUtf8(a.attackerUuid, b.attackerUuid) ||
    compareUtf8(a.source, b.source)
  );
}

/**
 * Whether a primitive is a trait, by globs in which `*` stands for any characters, dots included, and all others for themselves. Every
 * text is a glob. The time is linear in the length of the primitive for each part between stars.
 * @param globs - without white space around them
 * @example traitFilter(["motor.*", "toolchain.*"])("motor.shell_mastery.tab_completion") // true
 */
export function traitFilter(globs: readonly string[]): (primitive: string) => boolean {
  const patterns = globs.map((glob) => glob.split("*"));
  return (primitive) => patterns.some((parts) => matches(parts, primitive));
}

/** Whether a text consists of the parts in their order, with anything between them. The first place of each part is as good as any. */
function matches(parts: readonly string[], text: string): boolean {
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
