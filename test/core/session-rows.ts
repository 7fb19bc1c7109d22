/** The session rows of one attacker in memory, written and searched as both stores do: level by level. */
import { mergeIntoRow, nameInAttacker, placeOf, type SessionRow, type Stored } from "../../src/core/index.ts";

/** What a delivery changed. */
export interface Delivered {
  readonly accepted: readonly Stored[];
  readonly replaced: readonly Stored[];
  /** Number of rows that were written. */
  readonly written: number;
  /** Number of levels that were walked. */
  readonly levels: number;
}

export class SessionRows {
  readonly rows = new Map<number, SessionRow<Stored>>();
  readonly #places: number;

  /** @param places - number of different places; few make sessions and levels share rows */
  constructor(places = 2 ** 32) {
    this.#places = places;
  }

  deliver(observations: readonly Stored[]): Delivered {
    const accepted: Stored[] = [];
    const replaced: Stored[] = [];
    let written = 0;
    let depth = 0;
    for (let pending = observations; pending.length > 0; depth++) {
      const deeper: Stored[] = [];
      for (const [place, arriving] of Map.groupBy(pending, (each) => this.placeOf(each, depth))) {
        const merged = mergeIntoRow(this.rows.get(place) ?? null, arriving);
        accepted.push(...merged.accepted);
        replaced.push(...merged.replaced);
        deeper.push(...merged.deeper);
        if (!merged.isChanged) continue;
        written++;
        this.rows.set(place, merged.row);
      }
      pending = deeper;
    }
    return { accepted, replaced, written, levels: depth };
  }

  /** Removes observations. A row without any stays if deeper rows may exist. */
  remove(isRemoved: (observation: Stored) => boolean): void {
    for (const [place, { isFull, observations }] of this.rows) {
      const kept = observations.filter((each) => !isRemoved(each));
      if (kept.length === 0 && !isFull) this.rows.delete(place);
      else this.rows.set(place, { isFull, observations: kept });
    }
  }

  placeOf(key: Pick<Stored, "primitive" | "evidenceRef">, depth: number): number {
    return placeOf(key, depth) % this.#places;
  }

  /** Every stored observation, in the order of names. */
  all(): Stored[] {
    return byName([...this.rows.values()].flatMap(({ observations }) => observations));
  }
}

export function byName(observations: readonly Stored[]): Stored[] {
  return observations.toSorted((a, b) => (nameInAttacker(a) < nameInAttacker(b) ? -1 : 1));
}
