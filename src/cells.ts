/**
 * Cells: the environment once per bound database (`DB`, `DB_2`, `DB_3`, …). Whatever concerns an attacker is in one of
 * them: its observations, its link, and the history, list entry and merges of the identity that grows from it. So whoever
 * works on an attacker or an identity takes the cell as its environment, and `DB` is the right one. An attacker's cell
 * follows from its UUID; an identity's is where its attackers are, which has to be asked.
 *
 * With one database bound the only cell is the environment itself: nothing is hashed, asked or waited for.
 */
import { ConfigError } from "./config.ts";
import { chooseShard } from "./core/index.ts";
import { claimShardNames, hasIdentity } from "./storage/index.ts";

interface Cells {
  readonly all: readonly Env[];
  /** By the name of the binding. */
  readonly byPlace: ReadonlyMap<string, Env>;
  readonly places: readonly string[];
}

const FURTHER_DATABASE = /^DB_([2-9]|[1-9]\d+)$/;

/** By environment, and by each of its cells. */
const known = new WeakMap<Env, Cells>();
const claimed = new WeakSet<Env>();

/** Every cell. The first has what belongs to no attacker: dead letters, tickets, counts of what was ignored. */
export function cellsOf(env: Env): readonly Env[] {
  return read(env).all;
}

/** The cell of an attacker. */
export function cellOf(env: Env, attackerUuid: string): Env {
  const { byPlace, places } = read(env);
  return byPlace.get(chooseShard(attackerUuid, places)) ?? env;
}

/** The first cell. */
export function firstCell(env: Env): Env {
  return cellsOf(env)[0] ?? env;
}

/**
 * The cell that an identity is in, or null if none has it; with one database bound that cell, whether it has it or not.
 * @throws what a database throws that cannot be asked, unless another one has the identity
 */
export async function findCell(env: Env, identityUuid: string): Promise<Env | null> {
  const cells = cellsOf(env);
  if (cells.length === 1) return env;
  const answers = await Promise.allSettled(cells.map(({ DB }) => hasIdentity(DB, identityUuid)));
  const found = cells.find((_, i) => answers[i]?.status === "fulfilled" && answers[i].value);
  if (found) return found;
  for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
  return null;
}

/** The same; where none has the identity, one that will say so. */
export async function cellOfIdentity(env: Env, identityUuid: string): Promise<Env> {
  return (await findCell(env, identityUuid)) ?? env;
}

/**
 * Sees to it, once per isolate, that a cell's database is filled under the databases bound now: under others attackers
 * would be looked for where they are not. Call it before anything is written for an attacker, if there are several cells.
 * @throws ConfigError naming the databases that were bound when the first attacker came
 */
export async function claimCell(cell: Env): Promise<void> {
  if (claimed.has(cell)) return;
  const places = read(cell).places.join(", ");
  const under = await claimShardNames(cell.DB, places);
  if (under !== places) {
    throw new ConfigError(
      `the databases bound are ${places}, but attackers were spread over ${under ?? "one database"} before: see docs/scale.md`,
    );
  }
  claimed.add(cell);
}

function read(env: Env): Cells {
  const cells = known.get(env);
  if (cells) return cells;
  const made = make(env);
  known.set(env, made);
  return made;
}

function make(env: Env): Cells {
  const further = Object.entries(env)
    .flatMap(([place, db]: [string, unknown]) => {
      const number = FURTHER_DATABASE.exec(place)?.[1];
      return number !== undefined && isDatabase(db) ? [{ place, db, number: Number(number) }] : [];
    })
    .toSorted((a, b) => a.number - b.number);
  if (further.length === 0) return { all: [env], byPlace: new Map([["DB", env]]), places: ["DB"] };
  const byPlace = new Map(
    [{ place: "DB", db: env.DB }, ...further].map(({ place, db }) => [place, { ...env, DB: db }]),
  );
  const cells = { all: [...byPlace.values()], byPlace, places: [...byPlace.keys()] };
  for (const cell of cells.all) known.set(cell, cells);
  return cells;
}

function isDatabase(value: unknown): value is D1Database {
  return typeof value === "object" && value !== null && "prepare" in value && "batch" in value;
}
