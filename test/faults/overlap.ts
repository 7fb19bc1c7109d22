/** Long work that is started and, before it is done, meets other work on the same identities. */
import type { Random } from "../../src/simulate/random.ts";
import type { Step } from "./plan.ts";
import { chance, pick } from "./weights.ts";

/** Steps without faults: pages are held back or few, work is started, other work follows, the pages are released. */
export function overlap(random: Random, attackers: number, messages: number): Step[] {
  // Two identities, mostly different ones; an attacker and its own identity have the same number.
  const one = random.integer(0, attackers - 1);
  const other = (one + random.integer(chance(random, 8) ? 0 : 1, attackers - 1)) % attackers;
  const isHeld = !chance(random, 4);
  const begin: Step = isHeld
    ? { do: "hold_pages", faults: [] }
    : { do: "allow_pages", pages: random.integer(0, 4), faults: [] };
  const works = Array.from({ length: random.integer(2, 4) }, () =>
    work(random, chance(random, 3) ? [other, one] : [one, other], messages),
  );
  const release = (): Step[] =>
    isHeld
      ? [{ do: "release_pages", page: chance(random, 2) ? null : random.integer(0, 2), faults: [] }]
      : [
          { do: "allow_pages", pages: chance(random, 2) ? null : random.integer(1, 3), faults: [] },
          { do: "alarm", identity: one, faults: [] },
          { do: "alarm", identity: other, faults: [] },
        ];
  const late = chance(random, 3) ? [work(random, [one, other], messages)] : [];
  return [begin, ...works, ...release(), ...late, ...release()];
}

function work(random: Random, [one, other]: readonly [number, number], messages: number): Step {
  const kind = pick(random, [
    "register",
    "register",
    "rebuild",
    "rebuild",
    "merge",
    "merge",
    "merge",
    "unmerge",
    "unmerge",
    "deliver",
    "erase",
    "expire",
    "crash",
    "rebuild_all",
  ] as const);
  switch (kind) {
    case "register":
      return { do: kind, attacker: one, identity: null, faults: [] };
    case "rebuild":
    case "unmerge":
    case "crash":
      return { do: kind, identity: one, faults: [] };
    case "merge":
      return { do: kind, winner: other, loser: one, faults: [] };
    case "deliver":
      return { do: kind, messages: [random.integer(0, messages - 1)], faults: [] };
    case "erase":
      return { do: kind, attacker: one, faults: [] };
    case "expire":
      return { do: kind, identity: one, minute: random.integer(20, 40), limit: 20, faults: [] };
    case "rebuild_all":
      return { do: kind, faults: [] };
    default:
      return kind satisfies never;
  }
}
