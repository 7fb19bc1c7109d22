/**
 * A primitive's tail as the text of its row. Short, because the row is written anew with every observation: values and
 * attackers, which repeat from member to member, are named once, and members are lists without names. Kept under about
 * 1,000 bytes a row stays on its page.
 */
import { z } from "zod";
import type { Member, Tail } from "../../core/index.ts";

const membersSchema = z.tuple([
  z.array(z.string()),
  z.array(z.string()),
  z.array(z.tuple([z.number(), z.number(), z.string(), z.number()])),
]);

const tailSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.enum(["categorical", "numeric"]),
    count: z.number(),
    informative: z.number(),
    lastTs: z.number(),
    members: membersSchema,
  }),
  z.object({
    kind: z.literal("hash"),
    count: z.number(),
    lastTs: z.number(),
    distinct: z.number(),
    members: membersSchema,
  }),
]);

type Packed = z.infer<typeof membersSchema>;

/** The text of a tail. */
export function writeTail(tail: Tail): string {
  if (tail.kind === "hash") {
    const { latest, ...rest } = tail;
    return JSON.stringify({ ...rest, members: pack(latest) } satisfies z.infer<typeof tailSchema>);
  }
  const { newest, ...rest } = tail;
  return JSON.stringify({ ...rest, members: pack(newest) } satisfies z.infer<typeof tailSchema>);
}

/** The tail that a text holds. @throws ZodError if it holds none */
export function readTail(text: string): Tail {
  const { members, ...rest } = tailSchema.parse(JSON.parse(text));
  const unpacked = unpack(members);
  return rest.kind === "hash" ? { ...rest, latest: unpacked } : { ...rest, newest: unpacked };
}

/** The distinct values, the distinct attackers, and each member by its places in both. */
function pack(members: readonly Member[]): Packed {
  const values = new Map<string, number>();
  const attackers = new Map<string, number>();
  const rows = members.map(({ value, ts, evidenceRef, attackerUuid }): Packed[2][number] => [
    indexOf(values, value),
    ts,
    evidenceRef,
    indexOf(attackers, attackerUuid),
  ]);
  return [[...values.keys()], [...attackers.keys()], rows];
}

function indexOf(places: Map<string, number>, text: string): number {
  const place = places.get(text) ?? places.size;
  places.set(text, place);
  return place;
}

function unpack([values, attackers, rows]: Packed): Member[] {
  return rows.map(([value, ts, evidenceRef, attacker]) => ({
    value: named(values, value),
    ts,
    evidenceRef,
    attackerUuid: named(attackers, attacker),
  }));
}

function named(names: readonly string[], place: number): string {
  const name = names[place];
  if (name === undefined) throw new RangeError(`a tail names ${names.length} texts, place ${place} is none`);
  return name;
}
