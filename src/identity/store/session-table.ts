/**
 * The session rows of an identity object, by attacker and place. Rows are decoded once per call, kept until the call has changed them, and
 * written together.
 */
import type { SessionRow, Stored } from "../../core/index.ts";
import type { Links } from "./links.ts";
import { inPieces } from "./pieces.ts";
import { readBody, writeBody } from "./session-body.ts";
import { type AttackerRows, timesOf } from "./session-walk.ts";

/** Rows of an attacker are a range of ids: its number × this, and up to as many more. */
export const PLACES = 4_294_967_296;

/** Decoded rows that are kept from one call to the next, for sessions that continue. */
const ROWS_KEPT = 8;
/** Maximum number of observations in decoded rows. A call that touches more reads some rows again. Each takes about 300 bytes. */
const MOST_HELD = 20_000;

interface Columns extends Record<string, SqlStorageValue> {
  id: number;
  isFull: number;
  body: string;
}

export class SessionTable {
  readonly #sql: SqlStorage;
  readonly #links: Links;
  /** Decoded rows, the last read one last; null: there is no such row. */
  readonly #rows = new Map<number, SessionRow<Stored> | null>();
  readonly #changed = new Set<number>();
  #held = 0;

  constructor(sql: SqlStorage, links: Links) {
    this.#sql = sql;
    this.#links = links;
  }

  /** Drops decoded rows. Call it after a transaction that did not commit, and after rows were changed by other statements. */
  forget(): void {
    this.#rows.clear();
    this.#changed.clear();
    this.#held = 0;
  }

  /** The rows of an attacker. */
  of(attackerUuid: string): AttackerRows {
    let number = this.#links.numberOf(attackerUuid);
    return {
      read: (place) => (number === null ? null : this.#read(number * PLACES + place)),
      write: (place, row) => {
        number ??= this.#links.giveNumber(attackerUuid);
        this.#put(number * PLACES + place, row, true);
      },
    };
  }

  /** Reads rows that will be asked for, with few statements. */
  load(attackerUuid: string, places: Iterable<number>): void {
    const number = this.#links.numberOf(attackerUuid);
    if (number === null) return;
    const missing = [...places].map((place) => number * PLACES + place).filter((id) => !this.#rows.has(id));
    // One row is read when it is asked for.
    if (missing.length <= 1) return;
    // A row that was found may be dropped again at once, if there are very many: it is not one that does not exist.
    const absent = new Set(missing);
    inPieces(
      missing.map((id) => [id]),
      1,
      (values, ids) => {
        const found = this.#sql.exec<Columns>(
          `SELECT id, is_full AS isFull, body FROM sessions WHERE id IN (${values})`,
          ...ids,
        );
        for (const columns of found) {
          absent.delete(columns.id);
          this.#put(columns.id, toRow(columns), false);
        }
      },
    );
    for (const id of absent) this.#put(id, null, false);
  }

  /** Writes the changed rows. */
  flush(): void {
    const puts: SqlStorageValue[][] = [];
    const gone: SqlStorageValue[][] = [];
    for (const id of this.#changed) {
      const row = this.#rows.get(id);
      if (!row) continue;
      const { isFull, observations } = row;
      if (observations.length > 0 || isFull) {
        const { firstTs, lastTs } = timesOf(row);
        puts.push([id, isFull ? 1 : 0, observations.length, firstTs, writeBody(observations), lastTs]);
      } else {
        gone.push([id]);
        this.#rows.set(id, null);
      }
    }
    this.#changed.clear();
    inPieces(puts, 6, (values, bindings) => {
      this.#sql.exec(
        `INSERT OR REPLACE INTO sessions (id, is_full, size, first_ts, body, last_ts) VALUES ${values}`,
        ...bindings,
      );
    });
    inPieces(gone, 1, (values, ids) => {
      this.#sql.exec(`DELETE FROM sessions WHERE id IN (${values})`, ...ids);
    });
    this.#shrink(ROWS_KEPT);
  }

  #read(id: number): SessionRow<Stored> | null {
    const known = this.#rows.get(id);
    if (known !== undefined) return known;
    const columns = this.#sql
      .exec<Columns>("SELECT id, is_full AS isFull, body FROM sessions WHERE id = ?", id)
      .toArray()[0];
    const row = columns ? toRow(columns) : null;
    this.#put(id, row, false);
    return row;
  }

  #put(id: number, row: SessionRow<Stored> | null, isChanged: boolean): void {
    this.#held -= this.#rows.get(id)?.observations.length ?? 0;
    this.#rows.delete(id);
    if (this.#held > MOST_HELD) {
      this.flush();
      this.#shrink(0);
    }
    this.#rows.set(id, row);
    this.#held += row?.observations.length ?? 0;
    if (isChanged) this.#changed.add(id);
  }

  /** Drops decoded rows, the first read ones first. */
  #shrink(rows: number): void {
    for (const [id, row] of this.#rows) {
      if (this.#rows.size <= rows) return;
      this.#rows.delete(id);
      this.#held -= row?.observations.length ?? 0;
    }
  }
}

function toRow({ isFull, body }: Columns): SessionRow<Stored> {
  return { isFull: isFull === 1, observations: readBody(body) };
}
