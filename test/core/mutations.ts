/**
 * Makes damaged messages: each starts as a valid message of any form and is changed in a few places. The tests use them for
 * the parser in Node and for the consumer in the Workers runtime.
 */
import { type Random, randomOf } from "../../src/simulate/random.ts";
import {
  anything,
  ATTACKERS,
  FIELDS,
  type Fields,
  KINDS,
  listOf,
  pick,
  stretched,
} from "./mutation-values.ts";

/** The damaged message of a seed. @param nowTs - time of receipt, epoch seconds */
export function mutantOf(seed: number, nowTs: number): unknown {
  const random = randomOf(seed, [13]);
  const one = () => mutated(random, event(random, nowTs), nowTs);
  switch (random.integer(0, 11)) {
    case 0:
    case 1:
      return one();
    case 2:
    case 3:
      return { events: listOf(random.integer(0, 12), one) };
    case 4:
      return mutated(random, { events: listOf(random.integer(1, 4), one) }, nowTs);
    case 5:
      return damagedText(
        random,
        JSON.stringify({ events: listOf(random.integer(1, 3), () => event(random, nowTs)) }),
      );
    case 6:
      return new TextEncoder().encode(damagedText(random, JSON.stringify(event(random, nowTs))));
    case 7:
      return damagedBytes(random, new TextEncoder().encode(JSON.stringify(event(random, nowTs))));
    case 8:
      return {
        events: [one(), one()],
        replay_of: pick(random, [random.hex(8), "", 5, null, {}, "x".repeat(300)]),
      };
    case 9:
      return mutated(random, bus(random, nowTs), nowTs);
    case 10:
      return bus(random, nowTs);
    default:
      return anything(random, nowTs);
  }
}

function event(random: Random, nowTs: number): Fields {
  const [primitive, value] = pick(random, KINDS);
  const ts = nowTs - random.integer(0, 1_000_000);
  return {
    id: `fuzz-${random.hex(4)}`,
    attacker_uuid: pick(random, ATTACKERS),
    primitive,
    value: random.integer(0, 2) === 0 ? value : anyValue(random, value),
    confidence: random.integer(0, 100) / 100,
    window: { start_ts: ts - 60, end_ts: ts },
    source: "fuzz",
    evidence_ref: `shard:fuzz#${random.integer(0, 500)}`,
    ts,
    v: 1,
  };
}

/** Another value that fits the same kind, mostly. */
function anyValue(random: Random, value: unknown): unknown {
  if (typeof value === "number") return random.integer(-1_000, 100_000) / 8;
  if (typeof value === "string") return `${value.slice(0, 3)}${random.integer(0, 5)}`;
  return [random.integer(0, 3)];
}

function bus(random: Random, nowTs: number): Fields {
  const payload = event(random, nowTs);
  const prefix = pick(random, [
    "attacker.observation.",
    "attacker.observation.shell.",
    "attacker.scored.",
    "",
  ]);
  if (random.integer(0, 3) === 0) delete payload["primitive"];
  return {
    v: 1,
    id: "bus",
    topic: `${prefix}${typeof payload["primitive"] === "string" ? payload["primitive"] : "a.b"}`,
    type: "o",
    ts: nowTs,
    payload,
  };
}

/** Changes up to four places, at any depth. */
function mutated(random: Random, whole: Fields, nowTs: number): unknown {
  let result: unknown = whole;
  for (let n = random.integer(0, 4); n > 0; n--) result = changed(random, result, nowTs, 0);
  return result;
}

function changed(random: Random, whole: unknown, nowTs: number, depth: number): unknown {
  if (typeof whole !== "object" || whole === null || Object.keys(whole).length === 0)
    return anything(random, nowTs);
  if (Array.isArray(whole)) {
    const place = random.integer(0, whole.length - 1);
    if (random.integer(0, 3) === 0) return whole.toSpliced(place, 1, ...whole, whole[place]);
    return whole.with(place, changed(random, whole[place], nowTs, depth + 1));
  }
  const copy: Fields = { ...whole };
  const name = pick(random, Object.keys(copy));
  switch (random.integer(0, 9)) {
    case 0:
      delete copy[name];
      return copy;
    case 1:
      return set(copy, pick(random, FIELDS), anything(random, nowTs));
    case 2:
      return set(copy, name.toUpperCase(), copy[name]);
    case 3:
      return set(copy, name, copy[pick(random, Object.keys(copy))]);
    case 4:
      return set(
        copy,
        name,
        pick<unknown>(random, [[copy[name]], { [name]: copy[name] }, String(copy[name])]),
      );
    case 5:
      return set(copy, name, stretched(random, copy[name]));
    case 6:
    case 7:
      return depth < 6 ? set(copy, name, changed(random, copy[name], nowTs, depth + 1)) : copy;
    default:
      return set(copy, name, anything(random, nowTs));
  }
}

/** Sets an own field of any name, also `__proto__`. */
function set(fields: Fields, name: string, value: unknown): Fields {
  Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
  return fields;
}

function damagedText(random: Random, text: string): string {
  const place = random.integer(0, text.length);
  switch (random.integer(0, 6)) {
    case 0:
      return text.slice(0, place);
    case 1:
      return text.slice(0, place) + String.fromCharCode(random.integer(0, 0xffff)) + text.slice(place + 1);
    case 2:
      return `\ufeff${text}`;
    case 3:
      return text.replace('"ts"', '"ts": 1, "ts"');
    case 4:
      return JSON.stringify(text);
    case 5:
      return text.replaceAll(/\d/g, () => String(random.integer(0, 9)));
    default:
      return text;
  }
}

function damagedBytes(random: Random, bytes: Uint8Array): unknown {
  for (let n = random.integer(0, 3); n > 0; n--)
    bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
  return random.integer(0, 1) === 0 ? bytes : bytes.buffer;
}
