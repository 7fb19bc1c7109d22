/**
 * Observations that an exchange has read from D1, in session rows like those that they will replace. One transaction later puts them in
 * the place of the stored observations.
 */
import type { AppliedObservation, ObservationKey, SessionRow, Stored } from "../../core/index.ts";
import type { Links } from "./links.ts";
import type { Observations } from "./observations.ts";
import { readBody, writeBody } from "./session-body.ts";
import {
  type AttackerRows,
  byAttacker,
  byFirstPlace,
  mergeIntoRows,
  removeFromRows,
  timesOf,
} from "./session-walk.ts";
import type { Tables } from "./tables.ts";

interface Columns extends Record<string, SqlStorageValue> {
  isFull: number;
  body: string;
}

interface PlacedColumns extends Columns {
  jobKey: string;
  place: number;
}

export class Staged {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  readonly #links: Links;
  readonly #observations: Observations;

  constructor(sql: SqlStorage, tables: Tables, links: Links, observations: Observations) {
    this.#sql = sql;
    this.#tables = tables;
    this.#links = links;
    this.#observations = observations;
  }

  /** Adds observations. Of two with the same key the greater is kept. */
  add(jobKey: string, observations: readonly AppliedObservation[]): void {
    if (observations.length === 0) return;
    this.#tables.need("staged");
    for (const [attackerUuid, group] of byAttacker(observations)) {
      mergeIntoRows(this.#rowsOf(jobKey, attackerUuid), byFirstPlace(group));
    }
  }

  /** Replaces the observations of an attacker by the staged ones, without erased ones. */
  putInPlace(jobKey: string, attackerUuid: string): void {
    this.#observations.removeOf(attackerUuid);
    if (!this.#tables.has("staged")) return;
    const erasedTs = this.#links.erasedTs(attackerUuid);
    if (erasedTs !== null) this.#trim(jobKey, attackerUuid, erasedTs);
    const isAny = this.#sql.exec(
      "SELECT 1 FROM staged WHERE job_key = ? AND attacker_uuid = ? AND size > 0 LIMIT 1",
      jobKey,
      attackerUuid,
    );
    if (isAny.toArray().length === 0) return;
    this.#observations.putRows(
      attackerUuid,
      "SELECT place, is_full, size, first_ts, body, last_ts FROM staged WHERE job_key = ? AND attacker_uuid = ?",
      jobKey,
      attackerUuid,
    );
  }

  /** Whether an observation of an attacker is staged that is later than a time (epoch seconds). */
  hasLater(jobKey: string, attackerUuid: string, ts: number): boolean {
    if (!this.#tables.has("staged")) return false;
    const rows = this.#sql.exec<{ body: string }>(
      "SELECT body FROM staged WHERE job_key = ? AND attacker_uuid = ? AND size > 0",
      jobKey,
      attackerUuid,
    );
    let isAny = false;
    // To the end: a statement that is left in the middle stays open.
    for (const { body } of rows) isAny ||= readBody(body).some((observation) => observation.ts > ts);
    return isAny;
  }

  /** Removes the staged observations of a job. */
  clear(jobKey: string): void {
    if (this.#tables.has("staged")) this.#sql.exec("DELETE FROM staged WHERE job_key = ?", jobKey);
  }

  /** Removes the staged observations of an attacker, of all jobs, up to a time (epoch seconds, inclusive). */
  removeOf(attackerUuid: string, toTs: number): void {
    for (const jobKey of this.#jobKeys()) this.#trim(jobKey, attackerUuid, toTs);
  }

  /** Removes the staged observations with these keys, of all jobs, if their ts is below a time (epoch seconds). */
  remove(keys: readonly ObservationKey[], beforeTs: number): void {
    for (const jobKey of this.#jobKeys()) {
      for (const [attackerUuid, group] of byAttacker(keys)) {
        removeFromRows(this.#rowsOf(jobKey, attackerUuid), byFirstPlace(group), beforeTs);
      }
    }
  }

  #trim(jobKey: string, attackerUuid: string, toTs: number): void {
    const rows = this.#sql
      .exec<PlacedColumns>(
        `SELECT place, is_full AS isFull, body FROM staged
         WHERE job_key = ? AND attacker_uuid = ? AND size > 0 AND first_ts <= ?`,
        jobKey,
        attackerUuid,
        toTs,
      )
      .toArray();
    for (const { place, ...columns } of rows) {
      const row = toRow(columns);
      const kept = row.observations.filter(({ ts }) => ts > toTs);
      this.#write(jobKey, attackerUuid, place, { ...row, observations: kept });
    }
  }

  /** The jobs that have staged anything. */
  #jobKeys(): string[] {
    if (!this.#tables.has("staged")) return [];
    return this.#sql
      .exec<{ jobKey: string }>("SELECT DISTINCT job_key AS jobKey FROM staged")
      .toArray()
      .map(({ jobKey }) => jobKey);
  }

  #rowsOf(jobKey: string, attackerUuid: string): AttackerRows {
    return {
      read: (place) => {
        const columns = this.#sql
          .exec<Columns>(
            "SELECT is_full AS isFull, body FROM staged WHERE job_key = ? AND attacker_uuid = ? AND place = ?",
            jobKey,
            attackerUuid,
            place,
          )
          .toArray()[0];
        return columns ? toRow(columns) : null;
      },
      write: (place, row) => this.#write(jobKey, attackerUuid, place, row),
    };
  }

  #write(jobKey: string, attackerUuid: string, place: number, row: SessionRow<Stored>): void {
    const { isFull, observations } = row;
    if (observations.length === 0 && !isFull) {
      this.#sql.exec(
        "DELETE FROM staged WHERE job_key = ? AND attacker_uuid = ? AND place = ?",
        jobKey,
        attackerUuid,
        place,
      );
      return;
    }
    const { firstTs, lastTs } = timesOf(row);
    this.#sql.exec(
      `INSERT OR REPLACE INTO staged (job_key, attacker_uuid, place, is_full, size, first_ts, body, last_ts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      jobKey,
      attackerUuid,
      place,
      isFull ? 1 : 0,
      observations.length,
      firstTs,
      writeBody(observations),
      lastTs,
    );
  }
}

function toRow({ isFull, body }: Columns): SessionRow<Stored> {
  return { isFull: isFull === 1, observations: readBody(body) };
}
