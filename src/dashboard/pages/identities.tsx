/** The list of identities: filters, the table, and what has just been published. */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Arrivals } from "../parts/arrivals.tsx";
import { IdentityTable } from "../parts/identity-table.tsx";
import { Empty, Failed, Loading } from "../parts/notice.tsx";
import { setView, url } from "../route.ts";
import { nowTs } from "../resource.ts";
import {
  EVIDENCE_FILTER_WORDS,
  EVIDENCE_FILTERS,
  NOTED_E,
  select,
  SERVER_SORTS,
  type Sort,
  SORTS,
} from "../rows.ts";
import { openRows } from "../rows-loader.ts";
import { STATES } from "../schemas.ts";
import { counted, STATE_WORDS } from "../words.ts";

const PRIMITIVE = /^[a-z0-9_]+(\.[a-z0-9_]+)+$/;
const DAY_SECS = 86_400;
/** Rows that are drawn at first, and added each time the end becomes visible. */
const DRAWN = 100;

/** Which of the identities are loaded, where not all are. */
const ORDER_WORDS = {
  change: ", the most recently changed",
  e: ", those with the most evidence",
  evidence_changed: ", the latest proven changes",
};

/** How the list by E orders the identities whose E is not noted. */
const UNNOTED_WORDS = `; below E = ${NOTED_E.toLocaleString("en")} in order of last change`;

export function Identities() {
  const view = url.value.searchParams;
  const state = STATES.find((each) => each === view.get("state")) ?? "";
  const primitive = view.get("primitive") ?? "";
  const evidence = EVIDENCE_FILTERS.find((each) => each === view.get("evidence")) ?? "";
  const text = view.get("q") ?? "";
  const sort: Sort = SORTS.find((each) => each === view.get("sort")) ?? "change";
  const isAscending = view.get("dir") === "asc";

  // An incomplete name does not filter.
  const whole = PRIMITIVE.test(primitive) ? primitive : null;
  const serverSort = SERVER_SORTS.find((each) => each === sort) ?? "change";
  const list = useMemo(
    () =>
      openRows(
        {
          state: state === "" ? null : state,
          primitive: whole,
          evidence: evidence === "" ? null : evidence,
          changedSinceTs: Math.floor(nowTs.peek() - DAY_SECS),
        },
        serverSort,
      ),
    [state, whole, evidence, serverSort],
  );
  useEffect(() => () => list.close(), [list]);
  // The text while it is typed; rows that arrive meanwhile do not change it.
  const draft = useSignal(primitive);
  useEffect(() => {
    draft.value = primitive;
  }, [primitive, draft]);
  const drawn = useSignal(DRAWN);
  useEffect(() => {
    drawn.value = DRAWN;
  }, [list, text, sort, isAscending, drawn]);
  // A search or another order needs the whole list.
  const needsAll = text !== "" || sort !== serverSort || isAscending;
  useEffect(() => {
    if (needsAll) list.loadAll();
  }, [list, needsAll]);
  const known = useComputed(() =>
    [
      ...new Set(list.rows.value.flatMap(({ troubled }) => troubled.map((each) => each.primitive))),
    ].toSorted(),
  );
  const rows = list.rows.value;
  const found = useMemo(() => select(rows, { text, sort, isAscending }), [rows, text, sort, isAscending]);
  const isFiltered = state !== "" || evidence !== "" || whole !== null || text !== "";
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
      if (event.key !== "/" || isTyping) return;
      event.preventDefault();
      search.current?.focus();
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);

  return (
    <>
      <div class="page-head">
        <h1>Identities</h1>
        <p class="quiet" role="status">
          {rows.length > 0 && (
            <>
              {list.isLoading.value && <span class="spinner" aria-hidden="true" />}
              {text === "" ? "" : `${found.length.toLocaleString("en")} of `}
              {counted(rows.length, "identity", "identities")}
              {list.isLoading.value ? ", loading more …" : list.hasMore.value ? ORDER_WORDS[serverSort] : ""}
              {sort === "e" ? UNNOTED_WORDS : ""}
            </>
          )}
        </p>
      </div>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>Search</span>
          <input
            ref={search}
            type="search"
            placeholder="UUID, address, primitive  ( / )"
            value={text}
            onInput={(event) => setView({ q: event.currentTarget.value })}
          />
        </label>
        <Choice
          title="State"
          value={state}
          values={STATES}
          words={STATE_WORDS}
          choose={(chosen) => setView({ state: chosen })}
        />
        <Choice
          title="Evidence"
          value={evidence}
          values={EVIDENCE_FILTERS}
          words={EVIDENCE_FILTER_WORDS}
          choose={(chosen) => setView({ evidence: chosen })}
        />
        <label>
          <span>Primitive</span>
          <input
            list="primitives"
            placeholder="any"
            value={draft.value}
            onInput={(event) => {
              draft.value = event.currentTarget.value;
              // A name from the list applies at once.
              if (known.value.includes(draft.value)) setView({ primitive: draft.value });
            }}
            onChange={() => setView({ primitive: draft.value.trim() })}
          />
          <datalist id="primitives">
            {known.value.map((each) => (
              <option key={each} value={each} />
            ))}
          </datalist>
        </label>
        {isFiltered && (
          <button
            type="button"
            onClick={() => setView({ q: null, state: null, evidence: null, primitive: null })}
          >
            Clear
          </button>
        )}
      </form>
      <Arrivals />
      {list.error.value !== null && <Failed message={list.error.value} retry={list.reload} />}
      {found.length > 0 && (
        <IdentityTable
          rows={found.slice(0, drawn.value)}
          fresh={list.fresh.value}
          sort={sort}
          isAscending={isAscending}
          more={found.length - drawn.value}
          hasUnloaded={list.hasMore.value}
          showMore={() => {
            drawn.value += DRAWN;
            if (found.length < drawn.value) list.loadMore();
          }}
        />
      )}
      {rows.length === 0 && list.isLoading.value && <Loading what="identities" />}
      {found.length === 0 && !list.isLoading.value && list.error.value === null && (
        <Empty title={isFiltered ? "Nothing fits." : "No identity yet."}>
          {isFiltered
            ? "No identity has all of this. Clear a filter to see more."
            : "Send observations to the queue or the API, and they appear here by themselves."}
        </Empty>
      )}
    </>
  );
}

/** A filter with a few values; an empty one is any. */
function Choice<T extends string>({
  title,
  value,
  values,
  words,
  choose,
}: {
  title: string;
  value: T | "";
  values: readonly T[];
  words: Readonly<Record<T, string>>;
  choose: (value: string) => void;
}) {
  return (
    <label>
      <span>{title}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">any</option>
        {values.map((each) => (
          <option key={each} value={each} selected={each === value}>
            {words[each]}
          </option>
        ))}
      </select>
    </label>
  );
}
