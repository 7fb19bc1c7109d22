/**
 * Applying what was stored before an attacker was registered. A job: recorded first, then worked off in pages by this
 * object's alarm, safe to repeat at every step.
 */
import { type BackfillCursor, finishBackfill, readBackfillPage } from "../storage/index.ts";
import { Emptiness } from "./emptiness.ts";
import type { AppliedObservation, IdentityLink } from "./protocol.ts";

interface BackfillRow extends Record<string, SqlStorageValue> {
  attacker_uuid: string;
  link_version: number;
  after_ts: number | null;
  after_evidence_ref: string | null;
  after_primitive: string | null;
}

export class Backfills {
  readonly #sql: SqlStorage;
  readonly #jobs: Emptiness;
  #running: Promise<void> | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#jobs = new Emptiness(sql, "backfills");
  }

  /** Drops what memory holds; for after a transaction that did not commit. */
  forget(): void {
    this.#jobs.doubt();
  }

  /** Records that an attacker's earlier observations are to be applied; again if it is recorded already. */
  add(link: IdentityLink): void {
    this.#jobs.doubt();
    this.#sql.exec(
      "INSERT INTO backfills (attacker_uuid, link_version) VALUES (?, ?) ON CONFLICT DO UPDATE SET link_version = excluded.link_version",
      link.attackerUuid,
      link.linkVersion,
    );
  }

  /** Drops every job: the winner of a merge reads all of D1 itself. */
  clear(): void {
    this.#sql.exec("DELETE FROM backfills");
  }

  get isEmpty(): boolean {
    return this.#jobs.isEmpty;
  }

  /**
   * Works off every job; joins a run that is under way. A failure leaves the job where it was.
   * @param pageSize - observations read and applied at a time
   * @param apply - applies a page in one synchronous transaction, together with `mark`, which moves the job on
   */
  run(
    db: D1Database,
    pageSize: number,
    apply: (link: IdentityLink, page: readonly AppliedObservation[], mark: () => void) => void,
  ): Promise<void> {
    this.#running ??= this.#work(db, pageSize, apply).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #work(db: D1Database, pageSize: number, apply: Parameters<Backfills["run"]>[2]): Promise<void> {
    for (let job = this.#next(); job; job = this.#next()) {
      const { attacker_uuid: attackerUuid, link_version: linkVersion } = job;
      const page = await readBackfillPage(db, attackerUuid, cursorOf(job), pageSize);
      const last = page.at(-1);
      if (last) {
        const link = { attackerUuid, linkVersion, firstSeenTs: page[0]?.ts ?? null, needsBackfill: false };
        apply(link, page, () => this.#moveOn(attackerUuid, last));
      } else {
        await finishBackfill(db, attackerUuid, linkVersion);
        this.#sql.exec(
          "DELETE FROM backfills WHERE attacker_uuid = ? AND link_version = ?",
          attackerUuid,
          linkVersion,
        );
      }
    }
  }

  #next(): BackfillRow | null {
    return (
      this.#sql.exec<BackfillRow>("SELECT * FROM backfills ORDER BY attacker_uuid LIMIT 1").toArray()[0] ??
      null
    );
  }

  #moveOn(attackerUuid: string, last: AppliedObservation): void {
    this.#sql.exec(
      "UPDATE backfills SET after_ts = ?, after_evidence_ref = ?, after_primitive = ? WHERE attacker_uuid = ?",
      last.ts,
      last.evidenceRef,
      last.primitive,
      attackerUuid,
    );
  }
}

function cursorOf(job: BackfillRow): BackfillCursor | null {
  const { after_ts: ts, after_evidence_ref: evidenceRef, after_primitive: primitive } = job;
  if (ts === null || evidenceRef === null || primitive === null) return null;
  return { ts, evidenceRef, primitive };
}
