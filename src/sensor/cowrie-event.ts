/**
 * Reads one line of a Cowrie log: Cowrie's own JSON (`eventid`, `timestamp`, `input`, `shasum`, …, in the forms of 2018 and
 * of today) or its reduced form (`ev`, `ts`, `tok`, `sha256`, …). It never reads credentials, and it reduces command text
 * immediately. `cowrie-sensor.ts` groups the lines by session.
 */
import { type CommandShape, shapeOf } from "./command-shape.ts";
import { type Fields, isFields } from "./fields.ts";
import { type AlgorithmLists, readLists } from "./hassh.ts";
import { epochSecondsOf } from "./iso-time.ts";
import { isKeyName } from "./observation.ts";

/** The content of a line. */
type CowrieFact =
  | { readonly kind: "connect" }
  | { readonly kind: "version"; readonly banner: string; readonly lists: AlgorithmLists | null }
  | { readonly kind: "kex"; readonly hassh: string | null; readonly lists: AlgorithmLists | null }
  | { readonly kind: "variable"; readonly name: string; readonly value: string }
  | { readonly kind: "command"; readonly shape: CommandShape }
  | { readonly kind: "payload"; readonly sha256: string }
  | { readonly kind: "closed"; readonly durationSecs: number | null }
  | { readonly kind: "other" };

/** A line of the log that belongs to a session. */
export interface CowrieEvent {
  readonly ts: number;
  readonly session: string;
  /** The source address, or null if the line has none. */
  readonly address: string | null;
  /** The name of the sensor, or null if the line has none. */
  readonly sensor: string | null;
  readonly fact: CowrieFact;
}

/** The result of reading a line. A line with `no_session` is skipped; one that is `unreadable` is reported. */
type CowrieReading =
  | { readonly kind: "event"; readonly event: CowrieEvent }
  | { readonly kind: "no_session" }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Reads one parsed line.
 * @param raw - the line's JSON
 */
export function readCowrieEvent(raw: unknown): CowrieReading {
  if (!isFields(raw)) return unreadable("not a JSON object");
  const name = text(raw["eventid"]) ?? text(raw["ev"]);
  if (name === null) return unreadable("neither eventid nor ev is a text");
  const stamp = text(raw["timestamp"]) ?? text(raw["ts"]);
  const ts = stamp === null ? null : epochSecondsOf(stamp);
  if (ts === null || ts <= 0) return unreadable("neither timestamp nor ts is a time after 1970");
  const session = text(raw["session"]);
  if (session === null) return { kind: "no_session" };
  if (!isKeyName(session)) return unreadable("session is no id of letters, digits and . _ : -");
  const sensor = text(raw["sensor"]);
  return {
    kind: "event",
    event: {
      ts,
      session,
      address: addressOf(raw["src_ip"]),
      sensor: sensor !== null && isKeyName(sensor) ? sensor : null,
      fact: factOf(name, raw),
    },
  };
}

function factOf(name: string, fields: Fields): CowrieFact {
  switch (name) {
    case "cowrie.session.connect":
      return { kind: "connect" };
    case "cowrie.client.version":
      return { kind: "version", banner: bannerOf(text(fields["version"]) ?? ""), lists: listsOf(fields) };
    case "cowrie.client.kex": {
      const hassh = text(fields["hassh"]);
      return { kind: "kex", hassh: hassh !== null && MD5.test(hassh) ? hassh : null, lists: listsOf(fields) };
    }
    case "cowrie.client.var":
      return { kind: "variable", name: text(fields["name"]) ?? "", value: text(fields["value"]) ?? "" };
    case "cowrie.command.input":
      return { kind: "command", shape: shapeOfFields(fields) };
    case "cowrie.session.file_download":
    case "cowrie.session.file_upload": {
      const sha256 = (text(fields["shasum"]) ?? text(fields["sha256"]) ?? "").toLowerCase();
      return SHA256.test(sha256) ? { kind: "payload", sha256 } : { kind: "other" };
    }
    case "cowrie.session.closed":
      return { kind: "closed", durationSecs: durationOf(fields["duration"]) };
    default:
      return { kind: "other" };
  }
}

const MD5 = /^[0-9a-f]{32}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const ADDRESS = /^[0-9A-Fa-f.:]{2,45}$/;
const BANNER_CHARS = 64;
const LONGEST_SESSION_SECS = 366 * 86_400;

function shapeOfFields(fields: Fields): CommandShape {
  const input = text(fields["input"]);
  if (input !== null) return shapeOf(input);
  return {
    word: text(fields["tok"]) || (count(fields["len"]) > 0 ? "?" : ""),
    pipes: count(fields["pipes"]),
    separators: count(fields["seps"]),
    lines: Math.max(count(fields["lines"]), 1),
  };
}

/** The algorithm lists that a client offered. Cowrie writes arrays; until 2018 it wrote them with `client.version`. */
function listsOf(fields: Fields): AlgorithmLists | null {
  const [kex, enc, mac, comp] = ["kexAlgs", "encCS", "macCS", "compCS"].map((name) => listOf(fields[name]));
  return readLists({ kex, enc, mac, comp });
}

function listOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return null;
  const names = value.map((each: unknown) => text(each));
  return names.every((each) => each !== null) ? names.map(bare).join(",") : null;
}

/** Removes `b'…'`: some versions of Cowrie logged Python byte strings, for example `b'SSH-2.0-Go'`. */
function bare(value: string): string {
  return /^b(['"]).*\1$/s.test(value) ? value.slice(2, -1) : value;
}

function bannerOf(version: string): string {
  return bare(version)
    .replaceAll(/[^\x20-\x7e]/g, "")
    .slice(0, BANNER_CHARS);
}

/** A duration in seconds. Newer versions of Cowrie write it as a text. */
function durationOf(value: unknown): number | null {
  const secs = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof secs === "number" && secs >= 0 && secs <= LONGEST_SESSION_SECS ? secs : null;
}

function addressOf(value: unknown): string | null {
  return typeof value === "string" && ADDRESS.test(value) ? value : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function unreadable(reason: string): CowrieReading {
  return { kind: "unreadable", reason };
}
