/**
 * The body of a session row of an identity object: its observations as columns of one JSON text. Primitives and pointers are listed once
 * each and named by their index. The ids stand behind a line break, so that a pass over many rows need not parse them.
 */
import type { Member, Stored } from "../../core/index.ts";

type Head = readonly [
  // Lists.
  primitives: readonly string[],
  evidenceRefs: readonly string[],
  // Per observation.
  primitive: readonly number[],
  evidenceRef: readonly number[],
  ts: readonly number[],
  /** Canonical JSON each. */
  values: readonly string[],
];
type Columns = readonly [...Head, ids: readonly string[]];

/** Takes the members of a pass, one by one. */
export type TakeMember = (primitive: string, member: Member) => void;

/** The text of a body. */
export function writeBody(observations: readonly Stored[]): string {
  const [primitives, evidenceRefs] = [new Map<string, number>(), new Map<string, number>()];
  const primitive = observations.map((each) => indexIn(primitives, each.primitive));
  const evidenceRef = observations.map((each) => indexIn(evidenceRefs, each.evidenceRef));
  const head: Head = [
    [...primitives.keys()],
    [...evidenceRefs.keys()],
    primitive,
    evidenceRef,
    observations.map(({ ts }) => ts),
    observations.map(({ value }) => value),
  ];
  return `${JSON.stringify(head).slice(0, -1)}\n,${JSON.stringify(observations.map(({ id }) => id))}]`;
}

/** The observations of a body. */
export function readBody(body: string): Stored[] {
  // Written by `writeBody` alone. Checking every field would double the time.
  // eslint-disable-next-line typescript/no-unsafe-type-assertion
  const [primitives, evidenceRefs, primitive, evidenceRef, ts, values, ids] = JSON.parse(body) as Columns;
  return ids.map((id, i) => ({
    primitive: at(primitives, at(primitive, i)),
    evidenceRef: at(evidenceRefs, at(evidenceRef, i)),
    ts: at(ts, i),
    id,
    value: at(values, i),
  }));
}

/**
 * Passes the members of a body on, one by one.
 * @param wanted - the primitives to pass on; null: all
 */
export function eachMember(
  body: string,
  attackerUuid: string,
  wanted: ReadonlySet<string> | null,
  take: TakeMember,
): void {
  if (wanted !== null && !mayHold(body, wanted)) return;
  const [primitives, evidenceRefs, primitive, evidenceRef, ts, values] = readHead(body);
  const isWanted = primitives.map((name) => wanted === null || wanted.has(name));
  for (let i = 0; i < primitive.length; i++) {
    const nth = at(primitive, i);
    if (isWanted[nth] !== true) continue;
    take(at(primitives, nth), {
      value: at(values, i),
      ts: at(ts, i),
      evidenceRef: at(evidenceRefs, at(evidenceRef, i)),
      attackerUuid,
    });
  }
}

/** Passes the primitive of each observation of a body on. */
export function eachPrimitive(body: string, take: (primitive: string) => void): void {
  const [primitives, , primitive] = readHead(body);
  for (const nth of primitive) take(at(primitives, nth));
}

/** The body without its ids. */
function readHead(body: string): Head {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(`${body.slice(0, body.indexOf("\n"))}]`) as Head;
}

/** Whether a primitive may be in the body's list, which is read without parsing. The name of a primitive has no bracket and no quote. */
function mayHold(body: string, wanted: ReadonlySet<string>): boolean {
  const end = body.indexOf("]");
  for (const primitive of wanted) {
    const start = body.indexOf(`"${primitive}"`);
    if (start !== -1 && start < end) return true;
  }
  return false;
}

function indexIn(indexes: Map<string, number>, text: string): number {
  const known = indexes.get(text);
  if (known !== undefined) return known;
  indexes.set(text, indexes.size);
  return indexes.size - 1;
}

function at<T>(list: readonly T[], i: number): T {
  const entry = list[i];
  if (entry === undefined) throw new RangeError(`a session's body must have an entry ${i} in each column`);
  return entry;
}
