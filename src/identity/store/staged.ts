/** Observations that an exchange has read from D1, until one transaction puts them in the place of those held. */
import type { AppliedObservation, ObservationKey } from "../../core/index.ts";
import { lists } from "./observations.ts";
import { inPieces } from "./pieces.ts";

export class Staged {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Adds observations; of two under one key the greater stands. */
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

  /** Makes what was staged of an attacker what is held of it; what was erased is left out. */
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

  /** Whether something of an attacker is staged that is later than a time (epoch seconds). */
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

  /** Removes what a job has staged. */
  clear(jobKey: string): void {
    this.#sql.exec("DELETE FROM staged WHERE job_key = ?", jobKey);
  }

  /** Removes what any job has staged of an attacker, up to a time (epoch seconds, itself included). */
  removeOf(attackerUuid: string, toTs: number): void {
    this.#sql.exec("DELETE FROM staged WHERE attacker_uuid = ? AND ts <= ?", attackerUuid, toTs);
  }

  /** Removes what any job has staged under some keys, but those with a ts not below a time (epoch seconds). */
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
