/**
 * Session rows as this isolate has last read or written them. A session whose observations come one by one is then continued without
 * reading it: the change is written over the known version, and if the row was changed by others meanwhile, it is read. Only this saves
 * work; nothing depends on it, and what it says is never taken for what is stored.
 */
import type { SessionRow } from "../../core/index.ts";
import type { Placed } from "./rows.ts";

/** A row with its version. */
export interface KnownRow<O extends Placed = Placed> {
  readonly id: string;
  readonly version: number;
  readonly row: SessionRow<O>;
}

export class KnownRows<O extends Placed> {
  /** By name, the latest used last. */
  readonly #rows = new Map<string, KnownRow<O>>();
  readonly #mostCharacters: number;
  #characters = 0;

  /** @param mostCharacters - kept at most, in all rows together */
  constructor(mostCharacters: number) {
    this.#mostCharacters = mostCharacters;
  }

  /** Takes a row out, or gives null. */
  take(name: string): KnownRow<O> | null {
    const known = this.#rows.get(name);
    if (!known) return null;
    this.#rows.delete(name);
    this.#characters -= sizeOf(known);
    return known;
  }

  /** Drops everything. */
  clear(): void {
    this.#rows.clear();
    this.#characters = 0;
  }

  /** Keeps a row, and drops those that were not used for longest. */
  keep(name: string, known: KnownRow<O>): void {
    this.take(name);
    this.#rows.set(name, known);
    this.#characters += sizeOf(known);
    for (const oldest of this.#rows.keys()) {
      if (this.#characters <= this.#mostCharacters) return;
      this.take(oldest);
    }
  }
}

/** What an observation and a row take besides their texts, in characters. */
const OVERHEAD = 200;

function sizeOf({ row }: KnownRow): number {
  return row.observations.reduce(
    (sum, { value, evidenceRef, id }) => sum + value.length + evidenceRef.length + id.length + OVERHEAD,
    OVERHEAD,
  );
}
