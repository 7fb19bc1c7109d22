/** Single values that an identity object keeps, by name, as JSON; each is cached. The head has a file of its own. */
import { z } from "zod";

const SCHEMAS = {
  /** The latest merge, or undoing of one, that this identity heard of, and whom it is merged into since (null: nobody). */
  merged: z.object({ winnerUuid: z.string().nullable(), mergeId: z.number(), isUndone: z.boolean() }),
  /** Primitives that lost their last observation, with the `seq` as of then, until D1's projection knows. */
  removed: z.record(z.string(), z.number()),
  /** Present while the read model in D1 holds what was removed here: it is projected at once, not after a while. */
  profileDue: z.literal(true),
  /** Present while D1 says that events of this identity are stuck. */
  backlog: z.literal(true),
};

type Name = keyof typeof SCHEMAS;
export type MetaValue<N extends Name> = z.infer<(typeof SCHEMAS)[N]>;

export class Meta {
  readonly #sql: SqlStorage;
  readonly #cache = new Map<Name, unknown>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** A value, or null if there is none. @throws ZodError if what is stored is not of its shape */
  read<N extends Name>(name: N): MetaValue<N> | null {
    if (!this.#cache.has(name)) {
      const row = this.#sql
        .exec<{ value: string }>("SELECT value FROM meta WHERE name = ?", name)
        .toArray()[0];
      this.#cache.set(name, row ? SCHEMAS[name].parse(JSON.parse(row.value)) : null);
    }
    // The cache holds under each name what its schema gave, or what `write` was given.
    // eslint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#cache.get(name) as MetaValue<N> | null;
  }

  write<N extends Name>(name: N, value: MetaValue<N>): void {
    this.#sql.exec("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", name, JSON.stringify(value));
    this.#cache.set(name, value);
  }

  remove(name: Name): void {
    this.#sql.exec("DELETE FROM meta WHERE name = ?", name);
    this.#cache.set(name, null);
  }

  /** Drops the cache: call it when a transaction did not commit. */
  forget(): void {
    this.#cache.clear();
  }
}
