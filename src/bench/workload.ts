/**
 * The messages that everything is measured with, made from a few numbers, so that whoever is told the numbers makes the
 * same ones. A steady state: every series goes on as it began, so nothing is announced once it has begun. Pure.
 */
import { type MergeKind, type PrimitiveFacts, PRIMITIVES, type ValueKind } from "../core/index.ts";

/** Whole sessions of thirty primitives, or one primitive of a kind over and over. */
export type Mix = "session" | MergeKind;

/** What to make. */
export interface Workload {
  /** Sets one group of attackers apart from another. */
  readonly group: string;
  /** Number of the first attacker. */
  readonly firstAttacker: number;
  readonly attackers: number;
  readonly mix: Mix;
  /** Observations that each attacker has already. */
  readonly from: number;
  /** Observations to make for each. */
  readonly perAttacker: number;
  /** Whose observations follow one another: those of one attacker, or each attacker's in turn. */
  readonly order: "by_attacker" | "in_turn";
  readonly perMessage: number;
  /** Evidence pointers as DECNET makes them, a day's file and a place in it, or as Cowrie names sessions: by chance. */
  readonly pointers: "by_day" | "by_chance";
}

/** Primitives of a session, and seconds from one session to the next. */
export const SESSION_PRIMITIVES = 30;
const SESSION_SECS = 3_600;
/** Seconds between two observations of a single primitive. */
const SINGLE_SECS = 60;
/** How fast a shard grows. */
const BYTES_PER_SECOND = 97;
/** Long enough ago for everything to lie in the past. */
const START_TS = 1_750_000_000;

const SINGLE: Readonly<Record<MergeKind, string>> = {
  categorical: "motor.input_modality",
  numeric: "toolchain.c2.beacon_interval_ms",
  hash: "toolchain.ssh.hassh_client",
};

/** A session's primitives: all kinds, as a sensor of ours sends them. */
const SESSION: readonly [string, PrimitiveFacts][] = Object.entries(PRIMITIVES)
  .toReversed()
  .slice(0, SESSION_PRIMITIVES);

const VALUES: Readonly<Record<ValueKind, (facts: PrimitiveFacts, attacker: number, i: number) => unknown>> = {
  categorical: ({ allowed }) => allowed?.[0] ?? "steady",
  bool: () => true,
  free_string: () => "SSH-2.0-libssh2_1.10.0",
  array: () => ["curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha256"],
  numeric: (_, attacker, i) => 5_000 + attacker + (i % 3),
  hash: (_, attacker) => `${hex(`hash-${attacker}`)}${hex(`more-${attacker}`)}`,
};

/** An event as the bus brings it. */
export interface BusEvent {
  readonly v: 1;
  readonly id: string;
  readonly topic: string;
  readonly type: string;
  readonly ts: number;
  readonly payload: EventPayload;
}

/** An observation on the wire. */
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

/** The bodies of the workload's messages, in order. One event makes a message of its own, several make a list. */
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
  if (!facts) throw new Error(`the workload's primitives must be in the registry, ${primitive} is not`);
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
        pointers === "by_day"
          ? placeInDay(ts)
          : `cowrie:honeypot-a/${hex(`${group}/${attacker}/session-${session}`).slice(0, 12)}#session`,
      ts,
    },
  };
}

/** A shard of a day, and a byte in it. */
function placeInDay(ts: number): string {
  const day = new Date(ts * 1_000).toISOString().slice(0, 10);
  return `shard:decky-a/ssh/${day}.jsonl#${(ts % 86_400) * BYTES_PER_SECOND}-0`;
}

/** Sixteen hexadecimal digits that look like chance and are not (FNV-1a, twice, mixed). */
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
