/**
 * Long work on an identity's observations (merge, unmerge, rebuild): recorded first, then worked off by the object's
 * alarm. What D1 holds of the attackers concerned is read in pages and staged; when all of it is there, one transaction
 * puts it in the place of what the object had and compares every state with the one before. Live observations that come
 * in between are staged too, so nothing that arrived meanwhile is lost by the exchange.
 */
import { z } from "zod";
import { type PageCursor, readAttackerPage } from "../storage/index.ts";
import { Emptiness } from "./emptiness.ts";
import type { AppliedObservation } from "./protocol.ts";

const linkSchema = z.object({
  attackerUuid: z.string(),
  linkVersion: z.number(),
  firstSeenTs: z.number().nullable(),
});

/** What a sync is to do. */
export const syncPlanSchema = z.object({
  /** Names what it is done for; the same one is done once. Null: done each time. */
  key: z.string().nullable(),
  /** Attackers that are linked here as of these versions: everything D1 holds of them becomes everything held here. */
  load: z.array(linkSchema),
  /** Attackers that are linked elsewhere as of these versions: nothing of them stays. */
  drop: z.array(linkSchema),
  /** What is published before the transitions, if anything. */
  announce: z
    .discriminatedUnion("kind", [
      z.object({
        kind: z.literal("merged"),
        loserUuid: z.string(),
        attackerUuids: z.array(z.string()),
      }),
      z.object({
        kind: z.literal("unmerged"),
        fromUuid: z.string(),
        attackerUuids: z.array(z.string()),
      }),
    ])
    .nullable(),
});
export type SyncPlan = z.infer<typeof syncPlanSchema>;
export type SyncLink = z.infer<typeof linkSchema>;

/** A sync under way. */
export interface SyncJob {
  readonly id: number;
  readonly plan: SyncPlan;
}

interface SyncRow extends Record<string, SqlStorageValue> {
  id: number;
  plan: string;
  attacker_index: number;
  after_primitive: string | null;
  after_evidence_ref: string | null;
}

export class Syncs {
  readonly #sql: SqlStorage;
  readonly #jobs: Emptiness;
  #running: Promise<void> | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#jobs = new Emptiness(sql, "syncs");
  }

  /** Drops what memory holds; for after a transaction that did not commit. */
  forget(): void {
    this.#jobs.doubt();
  }

  /** Records a sync, unless one with its key was; several wait for one another. */
  add(plan: SyncPlan): void {
    this.#jobs.doubt();
    if (plan.key !== null) {
      const isNew = this.#sql.exec("INSERT OR IGNORE INTO sync_keys (key) VALUES (?) RETURNING 1", plan.key);
      if (isNew.toArray().length === 0) return;
    }
    this.#sql.exec("INSERT INTO syncs (plan, attacker_index) VALUES (?, 0)", JSON.stringify(plan));
  }

  get isEmpty(): boolean {
    return this.#jobs.isEmpty;
  }

  /** Sees to it that an observation applied meanwhile survives the exchange. */
  stage(observations: readonly AppliedObservation[]): void {
    for (const observation of observations) {
      this.#sql.exec(
        `INSERT INTO staged (primitive, evidence_ref, attacker_uuid, ts, id, value) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET ts = excluded.ts, id = excluded.id, value = excluded.value
         WHERE (excluded.ts, excluded.id, excluded.value) > (ts, id, value)`,
        observation.primitive,
        observation.evidenceRef,
        observation.attackerUuid,
        observation.ts,
        observation.id,
        observation.value,
      );
    }
  }

  /**
   * Works off every sync; joins a run that is under way. A failure leaves the job where it was.
   * @param pageSize - observations read from D1 at a time
   * @param exchange - puts what is staged in place, in one synchronous transaction together with `finish`
   */
  run(db: D1Database, pageSize: number, exchange: (job: SyncJob, finish: () => void) => void): Promise<void> {
    this.#running ??= this.#work(db, pageSize, exchange).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #work(db: D1Database, pageSize: number, exchange: Parameters<Syncs["run"]>[2]): Promise<void> {
    for (let row = this.#next(); row; row = this.#next()) {
      const plan = syncPlanSchema.parse(JSON.parse(row.plan));
      const { id, attacker_index: index } = row;
      const attacker = plan.load[index];
      if (!attacker) {
        exchange({ id, plan }, () => this.#finish(id));
        continue;
      }
      const page = await readAttackerPage(db, attacker.attackerUuid, cursorOf(row), pageSize);
      const last = page.at(-1);
      this.stage(page);
      if (last && page.length === pageSize) this.#moveTo(id, index, last);
      else this.#moveTo(id, index + 1, null);
    }
  }

  #next(): SyncRow | null {
    return this.#sql.exec<SyncRow>("SELECT * FROM syncs ORDER BY id LIMIT 1").toArray()[0] ?? null;
  }

  #moveTo(id: number, attackerIndex: number, after: PageCursor | null): void {
    this.#sql.exec(
      "UPDATE syncs SET attacker_index = ?, after_primitive = ?, after_evidence_ref = ? WHERE id = ?",
      attackerIndex,
      after?.primitive ?? null,
      after?.evidenceRef ?? null,
      id,
    );
  }

  #finish(id: number): void {
    this.#sql.exec("DELETE FROM syncs WHERE id = ?", id);
    this.#sql.exec("DELETE FROM staged");
  }
}

function cursorOf(row: SyncRow): PageCursor | null {
  const { after_primitive: primitive, after_evidence_ref: evidenceRef } = row;
  return primitive === null || evidenceRef === null ? null : { primitive, evidenceRef };
}
