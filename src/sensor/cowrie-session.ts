/**
 * One Cowrie session: collects its lines and derives the observations when it has ended. `session-stream.ts` decides when a
 * session has ended.
 */
import { paceFindings, pipeFindings, type TimedCommand, varietyFindings } from "./commands.ts";
import { wordFindings, type WordHash } from "./command-words.ts";
import type { CowrieEvent } from "./cowrie-event.ts";
import { type AlgorithmLists, hasshOf } from "./hassh.ts";
import { isLocaleVariable, localeOf } from "./locale.ts";
import { type Finding, messageOf, type SessionMessage } from "./observation.ts";
import * as limits from "./thresholds.ts";

/** What the lines of one session said so far. Plain data, bounded by `MAX_EVENTS_PER_SESSION`. */
export interface CowrieSession {
  address: string | null;
  firstTs: number;
  lastTs: number;
  isConnectSeen: boolean;
  isClosed: boolean;
  /** The duration that the honeypot logged, seconds. */
  durationSecs: number | null;
  banner: string | null;
  hassh: string | null;
  lists: AlgorithmLists | null;
  readonly variables: Map<string, string>;
  readonly commands: TimedCommand[];
  readonly payloads: Set<string>;
}

/** An empty session, from the time of its first line. */
export function newCowrieSession(ts: number): CowrieSession {
  return {
    address: null,
    firstTs: ts,
    lastTs: ts,
    isConnectSeen: false,
    isClosed: false,
    durationSecs: null,
    banner: null,
    hassh: null,
    lists: null,
    variables: new Map(),
    commands: [],
    payloads: new Set(),
  };
}

/** Adds a line to its session. If the client sends something twice, such as a second key exchange, the first counts. */
export function addCowrieEvent(session: CowrieSession, { ts, address, fact }: CowrieEvent): void {
  session.address ??= address;
  session.firstTs = Math.min(session.firstTs, ts);
  session.lastTs = Math.max(session.lastTs, ts);
  switch (fact.kind) {
    case "connect":
      session.isConnectSeen = true;
      break;
    case "version":
      session.banner ??= fact.banner;
      session.lists ??= fact.lists;
      break;
    case "kex":
      session.hassh ??= fact.hassh;
      session.lists ??= fact.lists;
      break;
    case "variable":
      if (isLocaleVariable(fact.name)) session.variables.set(fact.name, fact.value);
      break;
    case "command":
      if (session.commands.length < limits.MAX_EVENTS_PER_SESSION)
        session.commands.push({ ts, shape: fact.shape });
      break;
    case "payload":
      if (session.payloads.size < limits.MAX_EVENTS_PER_SESSION) session.payloads.add(fact.sha256);
      break;
    case "closed":
      session.isClosed = true;
      session.durationSecs = fact.durationSecs;
      break;
    case "other":
      break;
    default:
      fact satisfies never;
  }
}

/**
 * The message of an ended session, or null if no line of it named an address.
 * @param wordHash - null to send no words
 */
export function cowrieMessage(
  sensor: string,
  id: string,
  session: CowrieSession,
  hasshTable: ReadonlyMap<string, AlgorithmLists>,
  wordHash: WordHash | null,
): SessionMessage | null {
  const { address, lastTs } = session;
  if (address === null) return null;
  // If the log begins within the session, its start follows from the duration in the closing line.
  const startTs =
    session.isConnectSeen || session.durationSecs === null
      ? session.firstTs
      : Math.min(session.firstTs, roundToMicros(lastTs - session.durationSecs));
  const shapes = session.commands.map((command) => command.shape);
  const findings = [
    ...clientFindings(session, hasshTable),
    durationFinding(session.durationSecs ?? lastTs - startTs, session.isClosed),
    ...paceFindings(session.commands.map((command) => command.ts)),
    ...varietyFindings(shapes),
    ...wordFindings(shapes, wordHash),
    ...pipeFindings(shapes),
    ...localeFindings(session.variables),
    ...payloadFindings(session.payloads),
  ];
  return messageOf({ sensor, session: id, address, startTs, endTs: lastTs }, "sensor.cowrie", findings);
}

/** The class of a session's duration in seconds. */
function durationClass(durationSecs: number): string {
  if (durationSecs < limits.SHORT_SESSION_SECS) return "short";
  if (durationSecs < limits.MEDIUM_SESSION_SECS) return "medium";
  return durationSecs < limits.LONG_SESSION_SECS ? "long" : "marathon";
}

/** Maximum length of the list of key exchange algorithms: the contract's limit for a value. */
const MAX_ORDER_BYTES = 4_096;

function clientFindings(session: CowrieSession, table: ReadonlyMap<string, AlgorithmLists>): Finding[] {
  const findings: Finding[] = [];
  const hassh = session.hassh ?? (session.lists ? hasshOf(session.lists) : null);
  const lists = session.lists ?? (hassh === null ? undefined : table.get(hassh));
  if (hassh !== null) findings.push(reading("toolchain.ssh.hassh_client", hassh, "kex"));
  const order = lists?.kex.split(",") ?? [];
  if (lists && JSON.stringify(order).length <= MAX_ORDER_BYTES && /^[\x20-\x7e]+$/.test(lists.kex))
    findings.push(reading("toolchain.ssh.kex_algorithm_order", order, "kex"));
  // A first line without "SSH-" (for example a web request on the SSH port) is not the banner of an SSH client.
  if (session.banner?.startsWith("SSH-"))
    findings.push(reading("toolchain.ssh.client_banner", session.banner, "version"));
  return findings;
}

function durationFinding(durationSecs: number, isClosed: boolean): Finding {
  return {
    primitive: "temporal.session_duration",
    value: durationClass(durationSecs),
    confidence: isClosed ? limits.READING_CONFIDENCE : limits.OPEN_END_CONFIDENCE,
    part: "close",
  };
}

function localeFindings(variables: ReadonlyMap<string, string>): Finding[] {
  const locale = localeOf(variables);
  return locale === null ? [] : [reading("environmental.locale", locale, "environment")];
}

/** One observation per distinct payload. A session may have several, and each needs its own evidence pointer, so they are
 * numbered in order of appearance. The numbers are padded so that text order equals time order. */
function payloadFindings(payloads: ReadonlySet<string>): Finding[] {
  return [...payloads].map((sha256, index) =>
    reading("toolchain.payload.sha256", sha256, `payload-${String(index + 1).padStart(5, "0")}`),
  );
}

function reading(primitive: string, value: string | readonly string[], part: string): Finding {
  return { primitive, value, confidence: limits.READING_CONFIDENCE, part };
}

function roundToMicros(ts: number): number {
  return Math.round(ts * 1e6) / 1e6;
}
