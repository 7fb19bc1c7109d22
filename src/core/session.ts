/**
 * Sessions as the unit of storage. The observations of one session at one sensor arrive and are read together, so D1 and the identity
 * object store them in one row, a session row. This file says which session an observation belongs to, in which row of its
 * attacker it is looked for, and how arriving observations are merged into a row. Both stores use it; storing is left to them.
 *
 * The place of a row is a number that follows from the session, so that a repeat finds it. A row has a maximum size. When it is full,
 * further observations of its session are placed one level deeper, in one of 16 rows that a digest of their key selects, and so on.
 * Two sessions of an attacker with the same number share their rows, which changes nothing: an observation is identified by its key.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { comparePrecedence, type Precedence } from "./order.ts";

/** What places an observation within its attacker, and decides between two with the same key. */
export interface Stored extends Precedence {
  readonly primitive: string;
  readonly evidenceRef: string;
}

/** Maximum size of a session row. A session of an attacker with a keyboard has fewer than 30 observations. */
export const SESSION_ROW = {
  /** Observations. */
  observations: 128,
  /**
   * Characters of values, ids, primitives and pointers. A row that holds as many takes no further observation. Replacing may add up to
   * 5 KB for each of the 128, so the largest row has 650 KB. That is below the platform's 2 MB in D1, also in hexadecimal digits, and in
   * the object, where characters that JSON escapes twice make it 1.6 MB.
   */
  characters: 64_000,
} as const;

/**
 * Forms of evidence pointers whose part before the `#` is a session. Of other forms the whole pointer is one: the part before the `#`
 * may be a file of a whole day. Changing the list moves observations to other rows, so it needs a migration.
 */
const SESSION_FORMS = ["cowrie:"] as const;

/**
 * The session that an evidence pointer names.
 * @example sessionOf("cowrie:sensor-a/5f2b#kex") // "cowrie:sensor-a/5f2b"
 */
export function sessionOf(evidenceRef: string): string {
  if (!SESSION_FORMS.some((form) => evidenceRef.startsWith(form))) return evidenceRef;
  const end = evidenceRef.indexOf("#");
  return end === -1 ? evidenceRef : evidenceRef.slice(0, end);
}

/** A pointer to a position in a file, e.g. DECNET's `…/2026-11-24.jsonl#5276800-0`; not one to an id that begins with a digit. */
const IN_FILE = /^([^#]*)#(\d{1,15})(?![0-9A-Za-z])/;
/** Bits of a place that the position in a file decides, and bytes of a file that have the same one. An event is longer. */
const POSITION = { places: 2 ** 20, bytes: 16 } as const;

/**
 * The number of the row that holds an observation at a depth, among the rows of its attacker. It is the digest of the session; where the
 * session is a position in a file, only its upper bits are a digest, that of the file, so that events which follow one another in a file
 * are in neighbouring rows: those are on one page of the database, where rows at random would each be on another one.
 * @param depth - 0 for the first row of a session; at most 60
 * @returns an integer, 0 ≤ place < 2^32
 */
export function placeOf(key: Pick<Stored, "primitive" | "evidenceRef">, depth: number): number {
  const session = sessionOf(key.evidenceRef);
  if (depth === 0) {
    const [, file, position] = IN_FILE.exec(session) ?? [];
    if (file === undefined) return numberOf(session);
    const upper = numberOf(file) & ~(POSITION.places - 1);
    return (upper | (Math.floor(Number(position) / POSITION.bytes) % POSITION.places)) >>> 0;
  }
  const digits = hexDigest(`${key.primitive}\0${key.evidenceRef}`).slice(0, depth);
  return numberOf(`${session}\0${digits}`);
}

/** The observations of a row. */
export interface SessionRow<O extends Stored> {
  /** Whether observations of its sessions may be stored deeper. Once true it stays true, also when observations are removed. */
  readonly isFull: boolean;
  /** One per key, in no particular order. */
  readonly observations: readonly O[];
}

/** A row after observations were merged into it. */
export interface MergedRow<O extends Stored> {
  readonly row: SessionRow<O>;
  /** Whether the row must be written. */
  readonly isChanged: boolean;
  /** The observations that are new, and those that replace a smaller one. */
  readonly accepted: readonly O[];
  /** The observations that were replaced. */
  readonly replaced: readonly O[];
  /** Observations that are neither in the row nor fit into it: they are looked for one level deeper. */
  readonly deeper: readonly O[];
}

/**
 * Merges arriving observations into a row. Of two with the same key the greater (`ts`, `id`, canonical `value`) is kept.
 * @param stored - null if there is no such row yet
 * @param arriving - all of one attacker and of this place
 */
export function mergeIntoRow<O extends Stored>(
  stored: SessionRow<O> | null,
  arriving: readonly O[],
): MergedRow<O> {
  const observations = new Map((stored?.observations ?? []).map((each) => [nameInAttacker(each), each]));
  let isFull = stored?.isFull ?? false;
  let characters: number | null = null;
  const accepted = new Map<string, O>();
  const replaced: O[] = [];
  const deeper: O[] = [];
  for (const observation of arriving) {
    const name = nameInAttacker(observation);
    const prior = observations.get(name);
    if (prior) {
      if (comparePrecedence(observation, prior) <= 0) continue;
      if (!accepted.has(name)) replaced.push(prior);
      characters = null;
    } else {
      characters ??= sum([...observations.values()].map(charactersOf));
      isFull ||= observations.size >= SESSION_ROW.observations || characters >= SESSION_ROW.characters;
      if (isFull) {
        deeper.push(observation);
        continue;
      }
      characters += charactersOf(observation);
    }
    observations.set(name, observation);
    accepted.set(name, observation);
  }
  return {
    row: { isFull, observations: [...observations.values()] },
    isChanged: accepted.size > 0 || isFull !== (stored?.isFull ?? false),
    accepted: [...accepted.values()],
    replaced,
    deeper,
  };
}

/** An observation's key within its attacker as one text; none of its parts holds a U+0000. */
export function nameInAttacker({
  primitive,
  evidenceRef,
}: Pick<Stored, "primitive" | "evidenceRef">): string {
  return `${primitive}\0${evidenceRef}`;
}

function charactersOf({ primitive, evidenceRef, id, value }: Stored): number {
  return primitive.length + evidenceRef.length + id.length + value.length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** The last number that was calculated: the observations of a session are placed one after the other. */
let last = { text: "", number: digestNumber("") };

function numberOf(text: string): number {
  if (text !== last.text) last = { text, number: digestNumber(text) };
  return last.number;
}

/** The first 32 bits of a digest: an attacker chooses pointers, and must not be able to fill one row with many sessions. */
function digestNumber(text: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = sha256(utf8ToBytes(text));
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function hexDigest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
