/**
 * The record of each primitive: its state, the tail that the next observation is applied to, and what a hook keeps. Several records are in
 * one row, a page, because the observations of a session come together: primitives that are new in the same save get the same page.
 * What a hook keeps is much longer than the rest, and is read only for decisions and for reads of what it tells.
 */
import type { PrimitiveRecord } from "../../core/index.ts";
import type { PrimitiveAttribution } from "../protocol.ts";
import { readKept, writeKept } from "./page-bytes.ts";
import { readPage, type StateRecord, writePage } from "./page-text.ts";

/** Size of a page. A record alone may be larger. */
const PAGE = {
  /** Primitives. */
  primitives: 16,
  /** A page with as many characters takes no further primitive, … */
  fullCharacters: 6_000,
  /** … and one with more than this is split. Its records grow until their tails are full. */
  mostCharacters: 8_000,
  /**
   * A page with more bytes of a hook is split as well. A row of a table may have 2 MB. The usual page has 100 KB: it is not split, because
   * each page is a row written per session.
   */
  mostKeptBytes: 600_000,
} as const;

interface Page {
  readonly primitives: string[];
  /** Characters of its text; null until it was read. */
  characters: number | null;
  /** Whether what a hook keeps for its primitives was read. */
  isKeptRead: boolean;
}

/** When an estimate of a hook was made. */
export interface EstimateMark {
  /** When it was made or became due, epoch seconds; 0 for never. */
  readonly ts: number;
  /** Observations as of then; null: an estimate is due, or there was none. */
  readonly count: number | null;
}

const NEVER_ESTIMATED: EstimateMark = { ts: 0, count: null };

interface DirectoryRow extends Record<string, SqlStorageValue> {
  page: number;
  primitives: string;
  projectedTs: number;
  estimatedTs: number;
  estimatedCount: number | null;
}

export class Records {
  readonly #sql: SqlStorage;
  readonly #known = new Map<string, StateRecord>();
  /** What a hook keeps for the primitives of the pages of which it was read. */
  readonly #kept = new Map<string, Uint8Array | null>();
  /** Complete records, put together at the first question. */
  readonly #complete = new Map<string, PrimitiveRecord>();
  /** The pages and the page of each primitive; null until they are read. */
  #directory: { readonly pages: Map<number, Page>; readonly pageOf: Map<string, number> } | null = null;
  #attributionsJson: string | null = null;
  /** When the read model was last due, epoch seconds; 0 for never. It is written with each page, so it needs no row of its own. */
  #projectedTs = 0;
  /** The last estimate of a hook; written in the same way. */
  #estimate = NEVER_ESTIMATED;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Clears the cache. Call it after a transaction that did not commit. */
  forget(): void {
    this.#known.clear();
    this.#kept.clear();
    this.#complete.clear();
    this.#directory = null;
    this.#attributionsJson = null;
    this.#projectedTs = 0;
    this.#estimate = NEVER_ESTIMATED;
  }

  /** When the read model was last due for a projection, as far as it was stored: epoch seconds; 0 for never. */
  get projectedTs(): number {
    this.#read();
    return this.#projectedTs;
  }

  /** Notes that the read model is due now. It is stored with the pages of the next `save`. @param ts - epoch seconds */
  noteProjected(ts: number): void {
    this.#read();
    this.#projectedTs = ts;
  }

  /** The last estimate of a hook, as far as it was stored. */
  get estimate(): EstimateMark {
    this.#read();
    return this.#estimate;
  }

  /** Notes that an estimate was made, or became due. It is stored with the pages of the next `save`. */
  noteEstimate(estimate: EstimateMark): void {
    this.#read();
    // The latest one counts when pages are read again, also if the clock was put back: its time is later than those before.
    this.#estimate = { ...estimate, ts: Math.max(estimate.ts, this.#estimate.ts + 0.001) };
  }

  /** A primitive's record, or null. */
  find(primitive: string): PrimitiveRecord | null {
    const known = this.#complete.get(primitive);
    if (known) return known;
    const page = this.#read().pageOf.get(primitive);
    if (page === undefined) return null;
    this.#loadWhole(page);
    const record = { ...this.#recordOf(primitive), kept: this.#kept.get(primitive) ?? null };
    this.#complete.set(primitive, record);
    return record;
  }

  /** A primitive's record without what a hook keeps, or null. */
  findState(primitive: string): StateRecord | null {
    const page = this.#read().pageOf.get(primitive);
    if (page === undefined) return null;
    this.#load(page);
    return this.#recordOf(primitive);
  }

  /** Every primitive that has a record, in ASCII order. */
  primitives(): string[] {
    return [...this.#read().pageOf.keys()].toSorted();
  }

  /**
   * Saves records. Each page that holds one of them is written once.
   * @param removed - primitives without observations, whose records are removed
   */
  save(records: ReadonlyMap<string, PrimitiveRecord>, removed: readonly string[] = []): void {
    if (records.size + removed.length === 0) return;
    this.#attributionsJson = null;
    const { pages, pageOf } = this.#read();
    const touched = new Set<number>();
    for (const primitive of removed) {
      const number = pageOf.get(primitive);
      if (number === undefined) continue;
      this.#loadWhole(number);
      touched.add(number);
      const primitives = pages.get(number)?.primitives ?? [];
      primitives.splice(primitives.indexOf(primitive), 1);
      pageOf.delete(primitive);
      this.#known.delete(primitive);
      this.#kept.delete(primitive);
      this.#complete.delete(primitive);
    }
    const added: string[] = [];
    for (const [primitive, record] of records) {
      const number = pageOf.get(primitive);
      if (number === undefined) added.push(primitive);
      else {
        this.#loadWhole(number);
        touched.add(number);
      }
      const { kept, ...state } = record;
      this.#known.set(primitive, state);
      this.#kept.set(primitive, kept);
      this.#complete.set(primitive, record);
    }
    for (const number of this.#place(added, touched)) touched.add(number);
    for (const number of touched) this.#write(number);
  }

  /** Every primitive's state, by primitive. */
  attributions(): PrimitiveAttribution[] {
    return this.primitives().flatMap((primitive) => {
      const record = this.findState(primitive);
      return record ? [{ primitive, ...record.attribution }] : [];
    });
  }

  /** The same as JSON; cached until a state changes. */
  attributionsJson(): string {
    this.#attributionsJson ??= JSON.stringify(this.attributions());
    return this.#attributionsJson;
  }

  #read() {
    if (this.#directory === null) {
      this.#directory = { pages: new Map(), pageOf: new Map() };
      const rows = this.#sql.exec<DirectoryRow>(
        `SELECT page, primitives, projected_ts AS projectedTs, estimated_ts AS estimatedTs, estimated_count AS estimatedCount
         FROM states`,
      );
      for (const { page, primitives, projectedTs, estimatedTs, estimatedCount } of rows) {
        this.#projectedTs = Math.max(this.#projectedTs, projectedTs);
        if (estimatedTs > this.#estimate.ts) this.#estimate = { ts: estimatedTs, count: estimatedCount };
        const names: string[] = JSON.parse(primitives);
        this.#directory.pages.set(page, { primitives: names, characters: null, isKeptRead: false });
        for (const name of names) this.#directory.pageOf.set(name, page);
      }
    }
    return this.#directory;
  }

  /** Reads the records of a page and what a hook keeps for them, unless they are known. */
  #loadWhole(number: number): void {
    const page = this.#page(number);
    if (page.isKeptRead) return;
    const { body, kept } = this.#sql
      .exec<{ body: string; kept: ArrayBuffer | null }>(
        "SELECT body, kept FROM states WHERE page = ?",
        number,
      )
      .one();
    this.#take(number, body);
    const bytes = readKept(kept, page.primitives.length);
    for (const [i, primitive] of page.primitives.entries()) this.#kept.set(primitive, bytes[i] ?? null);
    page.isKeptRead = true;
  }

  /** Reads the records of a page, unless they are known. */
  #load(number: number): void {
    if (this.#page(number).characters !== null) return;
    const { body } = this.#sql.exec<{ body: string }>("SELECT body FROM states WHERE page = ?", number).one();
    this.#take(number, body);
  }

  #take(number: number, body: string): void {
    const page = this.#page(number);
    if (page.characters !== null) return;
    const records = readPage(body);
    for (const [i, primitive] of page.primitives.entries()) {
      const record = records[i];
      if (!record) throw new Error(`page ${number} must have a record of ${primitive}, it has none`);
      this.#known.set(primitive, record);
    }
    page.characters = body.length;
  }

  /**
   * Gives new primitives a page: one that is written anyway, else the last one, if it has room for all of them; else new pages.
   * @returns the pages
   */
  #place(added: readonly string[], touched: ReadonlySet<number>): number[] {
    if (added.length === 0) return [];
    const { pages } = this.#read();
    const last = Math.max(0, ...pages.keys());
    const candidates = touched.size > 0 ? [...touched] : last > 0 ? [last] : [];
    const roomy = candidates.find((number) => {
      this.#loadWhole(number);
      const { primitives, characters } = this.#page(number);
      return primitives.length + added.length <= PAGE.primitives && (characters ?? 0) < PAGE.fullCharacters;
    });
    if (roomy !== undefined) {
      this.#assign(added, roomy);
      return [roomy];
    }
    const count = Math.ceil(added.length / PAGE.primitives);
    return Array.from({ length: count }, (_, i) => {
      const number = last + 1 + i;
      pages.set(number, { primitives: [], characters: 0, isKeptRead: true });
      this.#assign(added.slice((i * added.length) / count, ((i + 1) * added.length) / count), number);
      return number;
    });
  }

  #assign(primitives: readonly string[], number: number): void {
    const { pageOf } = this.#read();
    this.#page(number).primitives.push(...primitives);
    for (const primitive of primitives) pageOf.set(primitive, number);
  }

  /** Writes a page, or removes it if it is empty. A page that has become too large is split. */
  #write(number: number): void {
    const { pages } = this.#read();
    const page = this.#page(number);
    const { primitives } = page;
    if (primitives.length === 0) {
      pages.delete(number);
      this.#sql.exec("DELETE FROM states WHERE page = ?", number);
      return;
    }
    const body = writePage(primitives.map((primitive) => this.#recordOf(primitive)));
    const kept = writeKept(primitives.map((primitive) => this.#kept.get(primitive) ?? null));
    const isTooLarge =
      body.length > PAGE.mostCharacters || (kept !== null && kept.byteLength > PAGE.mostKeptBytes);
    if (isTooLarge && primitives.length > 1) {
      const half = Math.max(...pages.keys()) + 1;
      pages.set(half, { primitives: [], characters: 0, isKeptRead: true });
      this.#assign(primitives.splice(Math.ceil(primitives.length / 2)), half);
      this.#write(number);
      this.#write(half);
      return;
    }
    page.characters = body.length;
    this.#sql.exec(
      `INSERT OR REPLACE INTO states (page, primitives, projected_ts, estimated_ts, estimated_count, body, kept)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      number,
      JSON.stringify(primitives),
      this.#projectedTs,
      this.#estimate.ts,
      this.#estimate.count,
      body,
      kept,
    );
  }

  #page(number: number): Page {
    const page = this.#read().pages.get(number);
    if (!page) throw new Error(`there must be a page ${number}, there is none`);
    return page;
  }

  #recordOf(primitive: string): StateRecord {
    const record = this.#known.get(primitive);
    if (!record) throw new Error(`a primitive of a page must have a record, ${primitive} has none`);
    return record;
  }
}
