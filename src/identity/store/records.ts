/** The record of each primitive: its state, and the tail that the next observation is applied to. */
import { z } from "zod";
import { type Attribution, type PrimitiveRecord, STATES } from "../../core/index.ts";
import type { PrimitiveAttribution } from "../protocol.ts";
import { inPieces } from "./pieces.ts";
import { readTail, writeTail } from "./tail-text.ts";

const stateSchema = z.enum(STATES);

interface AttributionRow extends Record<string, SqlStorageValue> {
  primitive: string;
  current_value: string;
  state: string;
  confidence: number;
  observation_count: number;
  last_change_ts: number;
  last_observation_ts: number;
}

interface RecordRow extends AttributionRow {
  tail: string;
  policy_id: string;
}

const ATTRIBUTION_COLUMNS =
  "primitive, current_value, state, confidence, observation_count, last_change_ts, last_observation_ts";

export class Records {
  readonly #sql: SqlStorage;
  readonly #known = new Map<string, PrimitiveRecord>();
  #attributionsJson: string | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Clears the cache. Call it after a transaction that did not commit. */
  forget(): void {
    this.#known.clear();
    this.#attributionsJson = null;
  }

  /** A primitive's record, or null. */
  find(primitive: string): PrimitiveRecord | null {
    const known = this.#known.get(primitive);
    if (known) return known;
    const row = this.#sql
      .exec<RecordRow>(
        `SELECT ${ATTRIBUTION_COLUMNS}, tail, policy_id FROM attributions WHERE primitive = ?`,
        primitive,
      )
      .toArray()[0];
    if (!row) return null;
    const record = { attribution: toAttribution(row), tail: readTail(row.tail), policyId: row.policy_id };
    this.#known.set(primitive, record);
    return record;
  }

  /** Every primitive that has a record, in ASCII order. */
  primitives(): string[] {
    return this.#sql
      .exec<{ primitive: string }>("SELECT primitive FROM attributions ORDER BY primitive")
      .toArray()
      .map(({ primitive }) => primitive);
  }

  save(records: ReadonlyMap<string, PrimitiveRecord>): void {
    if (records.size === 0) return;
    this.#attributionsJson = null;
    inPieces([...records].map(toRow), 9, (values, bindings) => {
      this.#sql.exec(
        `INSERT OR REPLACE INTO attributions (${ATTRIBUTION_COLUMNS}, tail, policy_id) VALUES ${values}`,
        ...bindings,
      );
    });
    for (const [primitive, record] of records) this.#known.set(primitive, record);
  }

  /** Removes the record of a primitive without observations. */
  remove(primitive: string): void {
    this.#attributionsJson = null;
    this.#sql.exec("DELETE FROM attributions WHERE primitive = ?", primitive);
    this.#known.delete(primitive);
  }

  /** Every primitive's state, by primitive. */
  attributions(): PrimitiveAttribution[] {
    return this.#sql
      .exec<AttributionRow>(`SELECT ${ATTRIBUTION_COLUMNS} FROM attributions ORDER BY primitive`)
      .toArray()
      .map((row) => ({ primitive: row.primitive, ...toAttribution(row) }));
  }

  /** The same as JSON; cached until a state changes. */
  attributionsJson(): string {
    this.#attributionsJson ??= JSON.stringify(this.attributions());
    return this.#attributionsJson;
  }
}

function toRow([primitive, { attribution, tail, policyId }]: readonly [string, PrimitiveRecord]) {
  return [
    primitive,
    attribution.currentValue,
    attribution.state,
    attribution.confidence,
    attribution.observationCount,
    attribution.lastChangeTs,
    attribution.lastObservationTs,
    writeTail(tail),
    policyId,
  ];
}

function toAttribution(row: AttributionRow): Attribution {
  return {
    currentValue: row.current_value,
    state: stateSchema.parse(row.state),
    confidence: row.confidence,
    observationCount: row.observation_count,
    lastChangeTs: row.last_change_ts,
    lastObservationTs: row.last_observation_ts,
  };
}
