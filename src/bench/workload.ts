/**
 * Makes the messages of all measurements from a few numbers. The same numbers give the same messages. Every series is
 * steady, so nothing is published after its first state. Pure.
 */
import { type MergeKind, type PrimitiveFacts, PRIMITIVES, type ValueKind } from "../core/index.ts";

/** Sessions of thirty primitives, or observations of a single primitive of one kind. */
type Mix = "session" | MergeKind;

/** Describes the messages to make. */
export interface Workload {
  /** Name of the group of attackers. Groups have no attacker in common. */
  readonly group: string;
  /** Number of the first attacker. */
  readonly firstAttacker: number;
  readonly attackers: number;
  readonly mix: Mix;
  /** Number of observations that each attacker already has. */
  readonly from: number;
  /** Number of observations to make for each attacker. */
  readonly perAttacker: number;
  /** `by_attacker`: all observations of one attacker, then those of the next. `in_turn`: one of each attacker, repeatedly. */
  readonly order: "by_attacker" | "in_turn";
  readonly perMessage: number;
  /**
   * `by_day`: an evidence pointer per session, like DECNET's: a file per day and an offset. `own`: the same, but a pointer per
   * observation. `by_chance`: a random pointer per session, like Cowrie's session ids.
   */
  readonly pointers: "by_day" | "own" | "by_chance";
}

/** Primitives per session, and seconds between two sessions. */
export const SESSION_PRIMITIVES = 30;
const SESSION_SECS = 3_600;
/** Seconds between two observations of a single primitive. */
const SINGLE_SECS = 60;
/** Growth of a day's evidence file. */
const BYTES_PER_SECOND = 97;
/** Bytes between two observations of a session that have their own pointers. */
const BYTES_PER_OBSERVATION = 97;
/** Epoch seconds of the first session; early enough that all observations lie in the past. */
const START_TS = 1_750_000_000;

const SINGLE: Readonly<Record<MergeKind, string>> = {
  categorical: "motor.input_modality",
  numeric: "toolchain.c2.beacon_interval_ms",
  hash: "toolchain.ssh.hassh_client",
  bag: "cognitive.command_words",
};

/** The primitives of a session. They cover all kinds of value but bags, so that results stay comparable with those of before. */
const SESSION: readonly [string, PrimitiveFacts][] = Object.entries(PRIMITIVES)
  .filter(([, { kind }]) => kind !== "bag")
  .toReversed()
  .slice(0, SESSION_PRIMITIVES);

const VALUES: Readonly<Record<ValueKind, (facts: PrimitiveFacts, attacker: number, i: number) => unknown>> = {
  categorical: ({ allowed }) => allowed?.[0] ?? "steady",
  bool: () => true,
  free_string: () => "SSH-2.0-libssh2_1.10.0",
  array: () => ["curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha256"],
  numeric: (_, attacker, i) => 5_000 + attacker + (i % 3),
  hash: (_, attacker) => `${hex(`hash-${attacker}`)}${hex(`more-${attacker}`)}`,
  bag: (_, attacker) => Array.from({ length: 20 }, (__, word) => hex(`word-${(attacker + word) % 30}`)),
};

/** A bus event (contract §2). */
export interface BusEvent {
  readonly v: 1;
  readonly id: string;
  readonly topic: string;
  readonly type: string;
  readonly ts: number;
  readonly payload: EventPayload;
}

/** An observation payload (contract §2). */
export interface EventPayload {
  readonly v: 1;
  readonly id: string;
  readonly attacker_uuid: string;
  readonly primitive: string;
  readonly value: unknown;
  readonly confidence: number;
  readonly window: { readonly start_ts: number; readonly end_ts: number };
  readonly source: string;
  readonly evidence_ref: string;
  readonly ts: number;
}

/** The message bodies of a workload, in order. With one event per message the body is the event, otherwise a list of events. */
export function messagesOf(workload: Workload): unknown[] {
  const events = eventsOf(workload);
  const { perMessage } = workload;
  if (perMessage === 1) return events;
  return Array.from({ length: Math.ceil(events.length / perMessage) }, (_, i) => ({
    events: events.slice(i * perMessage, (i + 1) * perMessage),
  }));
}

/** The workload's events, in order. */
export function eventsOf({
  group,
  firstAttacker,
  attackers,
  mix,
  from,
  perAttacker,
  order,
  pointers,
}: Workload): BusEvent[] {
  return Array.from({ length: attackers * perAttacker }, (_, n) => {
    const [a, i] =
      order === "in_turn"
        ? [n % attackers, Math.floor(n / attackers)]
        : [Math.floor(n / perAttacker), n % perAttacker];
    return eventOf(group, firstAttacker + a, mix, from + i, pointers);
  });
}

/** The UUID of a group's attacker. */
export function attackerUuidOf(group: string, attacker: number): string {
  const digits = hex(`${group}/${attacker}`) + hex(`${attacker}/${group}`);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

function eventOf(
  group: string,
  attacker: number,
  mix: Mix,
  i: number,
  pointers: Workload["pointers"],
): BusEvent {
  const isSession = mix === "session";
  const session = isSession ? Math.floor(i / SESSION_PRIMITIVES) : i;
  const primitive = isSession ? (SESSION[i % SESSION_PRIMITIVES]?.[0] ?? "") : SINGLE[mix];
  const facts = PRIMITIVES[primitive];
  if (!facts) throw new Error(`a primitive of the workload must be in the registry, ${primitive} is not`);
  const ts = START_TS + session * (isSession ? SESSION_SECS : SINGLE_SECS);
  const id = hex(`${group}/${attacker}/${i}`) + hex(`${i}/${attacker}`);
  return {
    v: 1,
    id: `bus-${id}`,
    topic: `attacker.observation.${primitive}`,
    type: "observation",
    ts,
    payload: {
      v: 1,
      id,
      attacker_uuid: attackerUuidOf(group, attacker),
      primitive,
      value: VALUES[facts.kind](facts, attacker, session),
      confidence: 0.9,
      window: { start_ts: ts - 45, end_ts: ts },
      source: "decnet/honeypot-a",
      evidence_ref:
        pointers === "by_chance"
          ? `cowrie:honeypot-a/${hex(`${group}/${attacker}/session-${session}`).slice(0, 12)}#session`
          : dayPointer(ts, pointers === "own" && isSession ? i % SESSION_PRIMITIVES : 0),
      ts,
    },
  };
}

/**
 * A pointer like DECNET's: the evidence file of the day and a byte offset.
 * @param n - number of the observation among those of this time
 */
function dayPointer(ts: number, n: number): string {
  const day = new Date(ts * 1_000).toISOString().slice(0, 10);
  return `shard:decky-a/ssh/${day}.jsonl#${(ts % 86_400) * BYTES_PER_SECOND + n * BYTES_PER_OBSERVATION}-0`;
}

/** Sixteen hexadecimal digits that look random and depend on the text alone (FNV-1a, twice, mixed). */
function hex(text: string): string {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b) ^ (b >>> 13);
  }
  a = mixed(a);
  b = mixed(b ^ a);
  return (a >>> 0).toString(16).padStart(8, "0") + (b >>> 0).toString(16).padStart(8, "0");
}

function mixed(value: number): number {
  let mix = value;
  mix = Math.imul(mix ^ (mix >>> 16), 0x7feb352d);
  mix = Math.imul(mix ^ (mix >>> 15), 0x846ca68b);
  return mix ^ (mix >>> 16);
}
