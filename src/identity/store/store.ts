/**
 * The SQLite of an identity object. All functions are synchronous. Memory holds only caches of stored data; `forget` clears them
 * after a transaction that did not commit.
 */
import {
  type AppliedObservation,
  type Decision,
  type Facts,
  type IdentityHead,
  newIdentityHead,
  type Policy,
  type Precedence,
  type PrimitiveRecord,
  type StoredHashWindow,
} from "../../core/index.ts";
import type { MergeStep, PrimitiveAttribution } from "../protocol.ts";
import { DRAIN_GRACE_MS } from "../schedule.ts";
import { changeHashWindow, storedHashWindow } from "./hash-windows.ts";
import { HeadRow } from "./head-row.ts";
import { changeEntries, readEntries } from "./hook-entries.ts";
import { Jobs } from "./jobs.ts";
import { Links } from "./links.ts";
import { Meta } from "./meta.ts";
import { hasTables, migrate } from "./migrate.ts";
import { nameOf, Observations } from "./observations.ts";
import { Outbox } from "./outbox.ts";
import type { StateRecord } from "./page-text.ts";
import { type EstimateMark, Records } from "./records.ts";
import { Staged } from "./staged.ts";
import { Tables } from "./tables.ts";

const NO_ENTRIES = { stay: 0, added: [] } as const;

export class IdentityStore {
  readonly links: Links;
  readonly observations: Observations;
  readonly outbox: Outbox;
  readonly jobs: Jobs;
  readonly staged: Staged;
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  readonly #head: HeadRow;
  readonly #newHead: IdentityHead;
  readonly #meta: Meta;
  readonly #records: Records;
  #hasTables: boolean;

  /** Migrates tables of an earlier version. Call it where no other event can run in between. */
  constructor(storage: DurableObjectStorage, identityUuid: string) {
    const { sql } = storage;
    this.#sql = sql;
    this.#newHead = newIdentityHead(identityUuid);
    this.#tables = new Tables(sql);
    this.#head = new HeadRow(sql);
    this.links = new Links(sql, this.#tables);
    this.observations = new Observations(sql, this.links, this.#tables);
    this.outbox = new Outbox(sql, this.#tables, this.#head);
    this.jobs = new Jobs(sql, this.#tables);
    this.staged = new Staged(sql, this.#tables, this.links, this.observations);
    this.#meta = new Meta(sql);
    this.#records = new Records(sql);
    this.#hasTables = hasTables(this.#tables);
    if (!this.#hasTables) return;
    const isMigrated = storage.transactionSync(() => migrate(sql, this.#tables));
    if (isMigrated && !this.jobs.isEmpty) void storage.setAlarm(Date.now() + DRAIN_GRACE_MS);
  }

  /** Whether nothing was written yet. There are no tables then. */
  get isEmpty(): boolean {
    return !this.#hasTables;
  }

  /** Creates the tables if they do not exist. Call it inside a transaction, before the first write. */
  prepare(): void {
    if (this.#hasTables) return;
    migrate(this.#sql, this.#tables);
    this.#hasTables = true;
  }

  /** Clears all caches. Call it after a transaction that did not commit. */
  forget(): void {
    this.#tables.forget();
    this.#hasTables = hasTables(this.#tables);
    this.#head.forget();
    this.links.forget();
    this.observations.forget();
    this.outbox.forget();
    this.jobs.forget();
    this.#meta.forget();
    this.#records.forget();
  }

  get head(): IdentityHead {
    return this.#head.head ?? this.#newHead;
  }

  saveHead(head: IdentityHead): void {
    this.#head.write(head, this.#head.waiting);
  }

  /**
   * The facts for a decision.
   * @param arrivals - the arriving observations; they are looked up together
   * @param nowTs - epoch seconds
   */
  facts(policy: Policy, nowTs: number, arrivals: readonly AppliedObservation[]): Facts {
    const standing: ReadonlyMap<string, Precedence> = this.observations.standing(arrivals);
    return {
      head: this.head,
      policy,
      nowTs,
      linked: () => this.links.linked(),
      record: (primitive) => this.#records.find(primitive),
      primitives: () => this.#records.primitives(),
      standing: (key) => (standing.size === 0 ? null : (standing.get(nameOf(key)) ?? null)),
      eachStored: (primitives, take) => this.observations.eachStored(primitives, take),
      eachInOrder: (primitives, fromTs, take) =>
        this.observations.eachInOrder(
          primitives,
          { fromTs: Math.max(fromTs, -Number.MAX_VALUE), toTs: Number.MAX_VALUE },
          take,
        ),
      entries: (primitive) => this.entries(primitive),
      hashWindow: (primitive) => this.hashWindow(primitive),
    };
  }

  /** When the read model was last due for a projection, as far as it was stored: epoch seconds; 0 for never. */
  get projectedTs(): number {
    return this.#records.projectedTs;
  }

  /** Notes that the read model is due now; stored by the next `save` of a decision with records. @param ts - epoch seconds */
  noteProjected(ts: number): void {
    this.#records.noteProjected(ts);
  }

  /** When the last estimate of a hook was made, as far as it was stored. */
  get estimate(): EstimateMark {
    return this.#records.estimate;
  }

  /** Notes that an estimate was made, or became due; stored by the next `save` of a decision with records. */
  noteEstimate(estimate: EstimateMark): void {
    this.#records.noteEstimate(estimate);
  }

  /** Saves a decision. Call it in the transaction that read its facts. */
  save(decision: Decision): void {
    const before = this.head;
    const { head, observations, records, removed, hashWindows, entries, events } = decision;
    this.observations.put(observations);
    this.#records.save(records, removed);
    for (const [primitive, change] of hashWindows) {
      changeHashWindow(this.#sql, this.#tables, primitive, change);
    }
    for (const primitive of removed) changeEntries(this.#sql, this.#tables, primitive, NO_ENTRIES);
    for (const [primitive, change] of entries) changeEntries(this.#sql, this.#tables, primitive, change);
    if (head !== before) this.outbox.add(head, events);
    if (removed.length > 0) {
      const seqs = Object.fromEntries(removed.map((primitive) => [primitive, head.seq]));
      this.#meta.write("removed", { ...this.#meta.read("removed"), ...seqs });
    }
  }

  /** The identity that this one is merged into, or null. */
  get winner(): string | null {
    return this.isEmpty ? null : (this.#meta.read("merged")?.winnerUuid ?? null);
  }

  /**
   * Stores the winner of a merge, or null after the unmerge. The latest step counts, so a delayed call changes nothing.
   */
  saveWinner(winnerUuid: string | null, { mergeId, isUndone }: MergeStep): void {
    const known = this.#meta.read("merged");
    // The same step once more changes nothing, unless an erasure made the object forget its winner.
    const isOlder =
      known !== null &&
      (mergeId < known.mergeId || (mergeId === known.mergeId && known.isUndone && !isUndone));
    if (!isOlder) this.#meta.write("merged", { winnerUuid, mergeId, isUndone });
  }

  /** Removes the pointer to the winner, but not the number of the step. */
  forgetWinner(): void {
    const known = this.#meta.read("merged");
    if (known?.winnerUuid) this.#meta.write("merged", { ...known, winnerUuid: null });
  }

  /** Every primitive that has a record, in ASCII order. */
  primitives(): string[] {
    return this.isEmpty ? [] : this.#records.primitives();
  }

  /** Every primitive's state, by primitive. */
  attributions(): PrimitiveAttribution[] {
    return this.isEmpty ? [] : this.#records.attributions();
  }

  /** The same as JSON. */
  attributionsJson(): string {
    return this.isEmpty ? "[]" : this.#records.attributionsJson();
  }

  /** The data that the drain stores between its runs. */
  get meta(): Meta {
    return this.#meta;
  }

  /** The record of a primitive, or null. */
  record(primitive: string): PrimitiveRecord | null {
    return this.#records.find(primitive);
  }

  /** Like `record`, without what a hook keeps, which is then not read. */
  stateRecord(primitive: string): StateRecord | null {
    return this.#records.findState(primitive);
  }

  /** The entries that a hook keeps for a primitive, in their order. */
  entries(primitive: string): string[] {
    return readEntries(this.#sql, this.#tables, primitive);
  }

  /** The stored hash window of a primitive. */
  hashWindow(primitive: string): StoredHashWindow {
    return storedHashWindow(this.#sql, this.#tables, primitive);
  }
}
