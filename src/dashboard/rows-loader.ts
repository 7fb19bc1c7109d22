/** Loads the list: its first page at once, the rest behind it, and what changes as it is published. */
import { batch, type Signal, signal } from "@preact/signals";
import { ask, messageOf } from "./api.ts";
import { listen } from "./live.ts";
import { afterEvent, isStillFitting, type ServerFilter } from "./rows.ts";
import { type AttributionEvent, type Row, rowsSchema } from "./schemas.ts";

/** What is first shown: a screenful and more, in one request. */
const FIRST_ROWS = 100;
const NEXT_ROWS = 1_000;
/** Rows that are held; beyond, a filter is of more use than a list. */
const MOST_ROWS = 20_000;
/** How long to gather identities that are not in the list yet, ms. */
const REFRESH_MS = 1_500;
/** How long a row shows that it has just changed, ms. */
const FRESH_MS = 6_000;

/** The list as it is by now. */
export interface RowList {
  readonly rows: Signal<readonly Row[]>;
  /** Rows that have just changed. */
  readonly fresh: Signal<ReadonlySet<string>>;
  readonly isLoading: Signal<boolean>;
  /** Whether there are more than are held. */
  readonly isCut: Signal<boolean>;
  readonly error: Signal<string | null>;
  /** Loads everything again. */
  readonly reload: () => void;
  readonly close: () => void;
}

/** @param filter - what the server filters by */
export function openRows(filter: ServerFilter): RowList {
  const query = queryOf(filter);
  const held = new Map<string, Row>();
  const rows = signal<readonly Row[]>([]);
  const fresh = signal<ReadonlySet<string>>(new Set());
  const isLoading = signal(true);
  const isCut = signal(false);
  const error = signal<string | null>(null);
  let round = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const publish = () => {
    rows.value = [...held.values()];
  };
  const page = (limit: number, cursor: string | null) =>
    ask(
      `/dashboard/identities?limit=${limit}${query}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      rowsSchema,
    );
  const load = async () => {
    const mine = (round += 1);
    batch(() => {
      isLoading.value = true;
      error.value = null;
    });
    try {
      let cursor: string | null = null;
      do {
        const { data, next_cursor }: { data: Row[]; next_cursor: string | null } = await page(
          cursor === null ? FIRST_ROWS : NEXT_ROWS,
          cursor,
        );
        if (mine !== round) return;
        for (const row of data) held.set(row.uuid, row);
        publish();
        cursor = next_cursor;
      } while (cursor !== null && held.size < MOST_ROWS);
      isCut.value = cursor !== null;
    } catch (reason) {
      if (mine === round) error.value = messageOf(reason);
    } finally {
      if (mine === round) isLoading.value = false;
    }
  };
  const mark = (uuids: readonly string[]) => {
    fresh.value = new Set([...fresh.value, ...uuids]);
    setTimeout(() => {
      fresh.value = new Set([...fresh.value].filter((uuid) => !uuids.includes(uuid)));
    }, FRESH_MS);
  };
  /** Reads the front of the list again: what is new, or fits the filter now, is there. */
  const refresh = async () => {
    timer = undefined;
    try {
      const { data } = await page(FIRST_ROWS, null);
      mark(data.filter(({ uuid }) => !held.has(uuid)).map(({ uuid }) => uuid));
      for (const row of data) held.set(row.uuid, row);
      publish();
    } catch {
      // The next event, or the reader, tries again.
    }
  };
  const take = (events: readonly AttributionEvent[]) => {
    const touched = new Set<string>();
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
    if (needsRefresh) timer ??= setTimeout(() => void refresh(), REFRESH_MS);
  };
  const unlisten = listen(take);
  void load();
  return {
    rows,
    fresh,
    isLoading,
    isCut,
    error,
    reload: () => {
      held.clear();
      void load();
    },
    close: () => {
      round += 1;
      clearTimeout(timer);
      unlisten();
    },
  };
}

function queryOf({ state, primitive }: ServerFilter): string {
  return `${state === null ? "" : `&state=${state}`}${primitive === null ? "" : `&primitive=${primitive}`}`;
}
