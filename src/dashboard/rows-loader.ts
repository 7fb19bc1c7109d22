/** Loads the list: its first page at once, further pages on demand. Events change the rows that are loaded. */
import { batch, type Signal, signal } from "@preact/signals";
import { ask, messageOf } from "./api.ts";
import { listen } from "./live.ts";
import { afterEvent, isStillFitting, type ServerFilter, type ServerSort } from "./rows.ts";
import { type Row, rowsSchema } from "../http/dashboard/wire.ts";
import type { AttributionEvent } from "./schemas.ts";

/** Rows of a page on demand: more than fit on a screen. */
const FIRST_ROWS = 50;
/** Rows of a page when the whole list is loaded. */
const NEXT_ROWS = 1_000;
/** Rows that are loaded at most. */
const MOST_ROWS = 20_000;
/** How long to gather identities that are not in the list yet, ms. */
const REFRESH_MS = 1_500;
/** Least time between two loads of the front of the list, ms. */
const REFRESH_EVERY_MS = 20_000;
/** How long a row shows that it has just changed, ms. */
const FRESH_MS = 6_000;

/** The list as it is loaded so far. */
export interface RowList {
  readonly rows: Signal<readonly Row[]>;
  /** Rows that have just changed. */
  readonly fresh: Signal<ReadonlySet<string>>;
  readonly isLoading: Signal<boolean>;
  /** Whether there are rows that are not loaded. */
  readonly hasMore: Signal<boolean>;
  readonly error: Signal<string | null>;
  /** Loads the next page. */
  readonly loadMore: () => void;
  /** Loads all rows that are left; a search or another order needs the whole list. */
  readonly loadAll: () => void;
  /** Loads everything again. */
  readonly reload: () => void;
  readonly close: () => void;
}

/** @param filter - what the server filters by @param sort - the order in which it gives the rows */
export function openRows(filter: ServerFilter, sort: ServerSort): RowList {
  const query = queryOf(filter, sort);
  const held = new Map<string, Row>();
  const rows = signal<readonly Row[]>([]);
  const fresh = signal<ReadonlySet<string>>(new Set());
  const isLoading = signal(true);
  const error = signal<string | null>(null);
  const hasMore = signal(false);
  let round = 0;
  /** Where the list goes on. */
  let cursor: string | null = null;
  let wantsAll = false;
  let refreshedMs = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const publish = () => {
    rows.value = [...held.values()];
  };
  const page = (limit: number, after: string | null) =>
    ask(
      `/dashboard/identities?limit=${limit}${query}${after === null ? "" : `&cursor=${encodeURIComponent(after)}`}`,
      rowsSchema,
    );
  /** Loads pages from the cursor on. @param isEnough - whether to stop, after each page */
  const loadPages = async (limit: number, isEnough: () => boolean) => {
    const mine = round;
    batch(() => {
      isLoading.value = true;
      error.value = null;
    });
    try {
      do {
        const { data, next_cursor: next } = await page(limit, cursor);
        if (mine !== round) return;
        for (const row of data) held.set(row.uuid, row);
        cursor = next;
        batch(() => {
          publish();
          hasMore.value = next !== null;
        });
      } while (cursor !== null && !isEnough());
    } catch (reason) {
      if (mine === round) error.value = messageOf(reason);
    } finally {
      if (mine === round) isLoading.value = false;
    }
  };
  const isFull = () => held.size >= MOST_ROWS;
  const loadAll = () => {
    wantsAll = true;
    // While a page is being loaded, this is called again when it is there.
    if (!isLoading.value && hasMore.value) void loadPages(NEXT_ROWS, isFull);
  };
  const loadPage = async () => {
    await loadPages(FIRST_ROWS, () => true);
    if (wantsAll) loadAll();
  };
  const loadMore = () => {
    if (!isLoading.value && hasMore.value) void loadPage();
  };
  const load = () => {
    round += 1;
    cursor = null;
    void loadPage();
  };
  const mark = (uuids: readonly string[]) => {
    fresh.value = new Set([...fresh.value, ...uuids]);
    setTimeout(() => {
      fresh.value = new Set([...fresh.value].filter((uuid) => !uuids.includes(uuid)));
    }, FRESH_MS);
  };
  /** Loads the first page again: identities that are new, or match the filter now, are in it. */
  const refresh = async () => {
    timer = undefined;
    refreshedMs = performance.now();
    try {
      const { data } = await page(FIRST_ROWS, null);
      mark(data.filter(({ uuid }) => !held.has(uuid)).map(({ uuid }) => uuid));
      for (const row of data) held.set(row.uuid, row);
      publish();
    } catch {
      // The next event tries again.
    }
  };
  const take = (events: readonly AttributionEvent[]) => {
    const touched = new Set<string>();
    // A row that fits now may not be loaded.
    let needsRefresh = query !== "";
    for (const event of events) {
      const uuid = event.payload.identity_uuid ?? event.payload.winner_uuid;
      const row = uuid === undefined ? undefined : held.get(uuid);
      if (event.payload.loser_uuid !== undefined) held.delete(event.payload.loser_uuid);
      if (row === undefined || event.type === "merged") needsRefresh = true;
      if (row === undefined) continue;
      const changed = afterEvent(row, event);
      if (isStillFitting(changed, filter)) held.set(row.uuid, changed);
      else held.delete(row.uuid);
      touched.add(row.uuid);
    }
    mark([...touched]);
    publish();
    if (!needsRefresh) return;
    const waitMs = Math.max(REFRESH_MS, refreshedMs + REFRESH_EVERY_MS - performance.now());
    timer ??= setTimeout(() => void refresh(), waitMs);
  };
  const unlisten = listen(take);
  load();
  return {
    rows,
    fresh,
    isLoading,
    hasMore,
    error,
    loadMore,
    loadAll,
    reload: () => {
      held.clear();
      load();
    },
    close: () => {
      round += 1;
      clearTimeout(timer);
      unlisten();
    },
  };
}

function queryOf({ state, primitive, evidence, changedSinceTs }: ServerFilter, sort: ServerSort): string {
  const isOfDay = evidence === "changed_within_day";
  return [
    state === null ? "" : `&state=${state}`,
    primitive === null ? "" : `&primitive=${primitive}`,
    evidence === null || isOfDay ? "" : `&evidence=${evidence}`,
    isOfDay ? `&changed_since=${changedSinceTs}` : "",
    sort === "change" ? "" : `&sort=${sort}`,
  ].join("");
}
