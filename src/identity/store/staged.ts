/** Observations that an exchange has read from D1. One transaction later replaces the stored observations by them. */
import type { AppliedObservation, ObservationKey } from "../../core/index.ts";
import { lists } from "./observations.ts";
import { inPieces } from "./pieces.ts";

export class Staged {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds observations. Of two with the same key the greater is kept. */
  add(jobKey: string, observations: readonly AppliedObservation[]): void {
    const rows = observations.map(({ attackerUuid, primitive, evidenceRef, ts, id, value }) => [
      jobKey,
      attackerUuid,
      primitive,
      evidenceRef,
      ts,
      id,
      value,
    ]);
    inPieces(rows, 7, (values, bindings) => {
      this.#sql.exec(
        `INSERT INTO staged (job_key, attacker_uuid, primitive, evidence_ref, ts, id, value) VALUES ${values}
         ON CONFLICT DO UPDATE SET ts = excluded.ts, id = excluded.id, value = excluded.value
         WHERE (excluded.ts, excluded.id, excluded.value) > (ts, id, value)`,
        ...bindings,
      );
    });
  }

  /** Replaces the observations of an attacker by the staged ones, without erased ones. */
  putInPlace(jobKey: string, attackerUuid: string): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO observations (attacker_uuid, primitive, evidence_ref, ts, id, value)
       SELECT attacker_uuid, primitive, evidence_ref, ts, id, value FROM staged
       WHERE job_key = ? AND attacker_uuid = ?
         AND NOT EXISTS (SELECT 1 FROM erased WHERE erased.attacker_uuid = staged.attacker_uuid AND erased_ts >= ts)`,
      jobKey,
      attackerUuid,
    );
  }

  /** Whether an observation of an attacker is staged that is later than a time (epoch seconds). */
  hasLater(jobKey: string, attackerUuid: string, ts: number): boolean {
    return (
      this.#sql
        .exec(
          "SELECT 1 FROM staged WHERE job_key = ? AND attacker_uuid = ? AND ts > ? LIMIT 1",
          jobKey,
          attackerUuid,
          ts,
        )
        .toArray().length > 0
    );
  }

  /** Removes the staged observations of a job. */
  clear(jobKey: string): void {
    this.#sql.exec("DELETE FROM staged WHERE job_key = ?", jobKey);
  }

  /** Removes the staged observations of an attacker, of all jobs, up to a time (epoch seconds, inclusive). */
  removeOf(attackerUuid: string, toTs: number): void {
    this.#sql.exec("DELETE FROM staged WHERE attacker_uuid = ? AND ts <= ?", attackerUuid, toTs);
  }

  /** Removes the staged observations with these keys, of all jobs, if their ts is below a time (epoch seconds). */
  remove(keys: readonly ObservationKey[], beforeTs: number): void {
    for (const list of lists(keys)) {
      this.#sql.exec(
        `DELETE FROM staged WHERE ts < ? AND (attacker_uuid, primitive, evidence_ref) IN (
           SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))`,
        beforeTs,
        list,
      );
    }
  }
}
