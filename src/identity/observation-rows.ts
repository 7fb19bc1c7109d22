/**
 * The rows of the observations that one call brings: looked up together at first, written together when the call is done
 * or somebody asks for a series. So a series is always that of the step at which it is asked for: what comes later in
 * the call is not in it yet.
 */
import { inPieces } from "./pieces.ts";
import type { AppliedObservation } from "./protocol.ts";

/** What stands under an observation's key. */
export interface StoredPrecedence {
  readonly ts: number;
  readonly id: string;
  readonly value: string;
}

interface FoundRow extends Record<string, SqlStorageValue> {
  primitive: string;
  evidenceRef: string;
  attackerUuid: string;
  ts: number;
  id: string;
  value: string;
}

type Key = Pick<AppliedObservation, "primitive" | "evidenceRef" | "attackerUuid">;

export class ObservationRows {
  readonly #sql: SqlStorage;
  readonly #standing = new Map<string, StoredPrecedence>();
  readonly #waiting = new Map<string, AppliedObservation>();

  /** @param observations - all that will be asked about */
  constructor(sql: SqlStorage, observations: readonly AppliedObservation[]) {
    this.#sql = sql;
    const keys = observations.map((key) => [key.primitive, key.evidenceRef, key.attackerUuid]);
    inPieces(keys, 3, (values, bindings) => {
      const rows = sql.exec<FoundRow>(
        `SELECT primitive, evidence_ref AS evidenceRef, attacker_uuid AS attackerUuid, ts, id, value
         FROM (VALUES ${values}) AS sought CROSS JOIN observations
           ON primitive = sought.column1 AND evidence_ref = sought.column2 AND attacker_uuid = sought.column3`,
        ...bindings,
      );
      for (const row of rows) this.#standing.set(nameOf(row), row);
    });
  }

  /** What stands under an observation's key, or null. */
  find(key: Key): StoredPrecedence | null {
    return this.#standing.get(nameOf(key)) ?? null;
  }

  /** Puts an observation over what stands under its key. */
  put(observation: AppliedObservation): void {
    const name = nameOf(observation);
    this.#standing.set(name, observation);
    this.#waiting.set(name, observation);
  }

  /** Writes what was put. */
  flush(): void {
    if (this.#waiting.size === 0) return;
    const rows = [...this.#waiting.values()].map(
      ({ primitive, evidenceRef, attackerUuid, ts, id, value }) => [
        primitive,
        evidenceRef,
        attackerUuid,
        ts,
        id,
        value,
      ],
    );
    this.#waiting.clear();
    inPieces(rows, 6, (values, bindings) => {
      this.#sql.exec(
        `INSERT OR REPLACE INTO observations (primitive, evidence_ref, attacker_uuid, ts, id, value) VALUES ${values}`,
        ...bindings,
      );
    });
  }
}

/** A key as one text; none of its parts holds a U+0000. */
function nameOf({ primitive, evidenceRef, attackerUuid }: Key): string {
  return `${primitive}\0${evidenceRef}\0${attackerUuid}`;
}
