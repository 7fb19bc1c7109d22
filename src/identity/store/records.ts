/**
 * The record of each primitive: its state, and the tail that the next observation is applied to. Several records are in one row, a page,
 * because the observations of a session come together: primitives that are new in the same save get the same page.
 */
import type { PrimitiveRecord } from "../../core/index.ts";
import type { PrimitiveAttribution } from "../protocol.ts";
import { readPage, writePage } from "./page-text.ts";

/** Size of a page. A record alone may be larger. */
const PAGE = {
  /** Primitives. */
  primitives: 16,
  /** A page with as many characters takes no further primitive, … */
  fullCharacters: 6_000,
  /** … and one with more than this is split. Its records grow until their tails are full. */
  mostCharacters: 8_000,
} as const;

interface Page {
  readonly primitives: string[];
  /** Characters of its text; null until it was read. */
  characters: number | null;
}

export class Records {
  readonly #sql: SqlStorage;
  readonly #known = new Map<string, PrimitiveRecord>();
  /** The pages and the page of each primitive; null until they are read. */
  #directory: { readonly pages: Map<number, Page>; readonly pageOf: Map<string, number> } | null = null;
  #attributionsJson: string | null = null;
  /** When the read model was last due, epoch seconds; 0 for never. It is written with each page, so it needs no row of its own. */
  #projectedTs = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Clears the cache. Call it after a transaction that did not commit. */
  forget(): void {
    this.#known.clear();
    this.#directory = null;
    this.#attributionsJson = null;
    this.#projectedTs = 0;
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

  /** A primitive's record, or null. */
  find(primitive: string): PrimitiveRecord | null {
    const page = this.#read().pageOf.get(primitive);
    if (page === undefined) return null;
    this.#load(page);
    return this.#known.get(primitive) ?? null;
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
      this.#load(number);
      touched.add(number);
      const primitives = pages.get(number)?.primitives ?? [];
      primitives.splice(primitives.indexOf(primitive), 1);
      pageOf.delete(primitive);
      this.#known.delete(primitive);
    }
    const added: string[] = [];
    for (const [primitive, record] of records) {
      const number = pageOf.get(primitive);
      if (number === undefined) added.push(primitive);
      else {
        this.#load(number);
        touched.add(number);
      }
      this.#known.set(primitive, record);
    }
    for (const number of this.#place(added, touched)) touched.add(number);
    for (const number of touched) this.#write(number);
  }

  /** Every primitive's state, by primitive. */
  attributions(): PrimitiveAttribution[] {
    return this.primitives().flatMap((primitive) => {
      const record = this.find(primitive);
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
      const rows = this.#sql.exec<{ page: number; primitives: string; projectedTs: number }>(
        "SELECT page, primitives, projected_ts AS projectedTs FROM states",
      );
      for (const { page, primitives, projectedTs } of rows) {
        this.#projectedTs = Math.max(this.#projectedTs, projectedTs);
        const names: string[] = JSON.parse(primitives);
        this.#directory.pages.set(page, { primitives: names, characters: null });
        for (const name of names) this.#directory.pageOf.set(name, page);
      }
    }
    return this.#directory;
  }

  /** Reads the records of a page, unless they are known. */
  #load(number: number): Page {
    const page = this.#page(number);
    if (page.characters !== null) return page;
    const { body } = this.#sql.exec<{ body: string }>("SELECT body FROM states WHERE page = ?", number).one();
    const records = readPage(body);
    for (const [i, primitive] of page.primitives.entries()) {
      const record = records[i];
      if (!record) throw new Error(`page ${number} must have a record of ${primitive}, it has none`);
      this.#known.set(primitive, record);
    }
    page.characters = body.length;
    return page;
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
      const { primitives, characters } = this.#load(number);
      return primitives.length + added.length <= PAGE.primitives && (characters ?? 0) < PAGE.fullCharacters;
    });
    if (roomy !== undefined) {
      this.#assign(added, roomy);
      return [roomy];
    }
    const count = Math.ceil(added.length / PAGE.primitives);
    return Array.from({ length: count }, (_, i) => {
      const number = last + 1 + i;
      pages.set(number, { primitives: [], characters: 0 });
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
    if (body.length > PAGE.mostCharacters && primitives.length > 1) {
      const half = Math.max(...pages.keys()) + 1;
      pages.set(half, { primitives: [], characters: 0 });
      this.#assign(primitives.splice(Math.ceil(primitives.length / 2)), half);
      this.#write(number);
      this.#write(half);
      return;
    }
    page.characters = body.length;
    this.#sql.exec(
      "INSERT OR REPLACE INTO states (page, primitives, projected_ts, body) VALUES (?, ?, ?, ?)",
      number,
      JSON.stringify(primitives),
      this.#projectedTs,
      body,
    );
  }

  #page(number: number): Page {
    const page = this.#read().pages.get(number);
    if (!page) throw new Error(`there must be a page ${number}, there is none`);
    return page;
  }

  #recordOf(primitive: string): PrimitiveRecord {
    const record = this.#known.get(primitive);
    if (!record) throw new Error(`a primitive of a page must have a record, ${primitive} has none`);
    return record;
  }
}
