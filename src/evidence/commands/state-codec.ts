/** The bytes of the state of an identity's commands: little-endian, a fixed head, then counters and scores. Lossless. */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { COMMANDS } from "../constants.ts";
import type { WordCount } from "./scorer.ts";
import { KEY_BYTES } from "./words.ts";

/** What a state holds. */
export interface CommandsData {
  /** Names the secret of the words, `STAMP_BYTES` bytes. */
  readonly stamp: Uint8Array;
  /** From the oldest word to the newest. */
  readonly counts: readonly WordCount[];
  readonly total: number;
  /** Of learnt sessions, oldest first. */
  readonly scores: readonly number[];
  readonly sessions: number;
  readonly last: { readonly score: number | null; readonly p: number | null };
}

/** Bytes of a stamp. */
export const STAMP_BYTES = 8;

const VERSION = 1;
const NUMBER = 8;
/** Version, counters, scores, whether the last session has a score; the stamp; sessions; total, last score, last p. */
const HEAD_BYTES = 4 + STAMP_BYTES + 4 + 3 * NUMBER;

/** Fresh bytes of a state, at most 3 KB. */
export function writeCommands({ stamp, counts, total, scores, sessions, last }: CommandsData): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + counts.length * (KEY_BYTES + NUMBER) + scores.length * NUMBER);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const put = (value: number) => {
    view.setFloat64(at, value, true);
    at += NUMBER;
  };
  bytes.set([VERSION, counts.length, scores.length, last.score === null ? 0 : 1]);
  bytes.set(stamp, 4);
  view.setUint32(4 + STAMP_BYTES, sessions, true);
  at = 8 + STAMP_BYTES;
  put(total);
  put(last.score ?? 0);
  put(last.p ?? 0);
  for (const { key, count } of counts) {
    bytes.set(hexToBytes(key), at);
    at += KEY_BYTES;
    put(count);
  }
  for (const score of scores) put(score);
  return bytes;
}

/**
 * What `writeCommands` wrote; null if the bytes are of another version.
 * @throws RangeError if they are damaged
 */
export function readCommands(bytes: Uint8Array): CommandsData | null {
  const [version, counters = 0, learnt = 0, hasLast] = bytes;
  if (version !== VERSION) return null;
  const length = HEAD_BYTES + counters * (KEY_BYTES + NUMBER) + learnt * NUMBER;
  if (bytes.length !== length || counters > COMMANDS.words || learnt > COMMANDS.scores) {
    throw new RangeError(`a state of commands must have ${length} bytes, got ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 8 + STAMP_BYTES;
  const take = (): number => {
    at += NUMBER;
    return view.getFloat64(at - NUMBER, true);
  };
  const total = take();
  const score = take();
  const p = take();
  const counts = Array.from({ length: counters }, (): WordCount => {
    const key = bytesToHex(bytes.subarray(at, at + KEY_BYTES));
    at += KEY_BYTES;
    return { key, count: take() };
  });
  return {
    stamp: bytes.slice(4, 4 + STAMP_BYTES),
    counts,
    total,
    scores: Array.from({ length: learnt }, take),
    sessions: view.getUint32(4 + STAMP_BYTES, true),
    last: hasLast === 1 ? { score, p } : { score: null, p: null },
  };
}
