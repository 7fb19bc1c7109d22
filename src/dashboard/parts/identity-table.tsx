/** The table of identities. Roles are explicit, because on a narrow screen rows are laid out as cards. */
import { useEffect, useRef } from "preact/hooks";
import { setView } from "../route.ts";
import { E_WORDS, eWords } from "../evidence-words.ts";
import { NOTED_E, type Sort } from "../rows.ts";
import type { Row } from "../../http/dashboard/wire.ts";
import { counted, shortUuid, STATE_WORDS } from "../words.ts";
import { ChangeMark, Mark, StateCounts } from "./mark.tsx";
import { Ago } from "./time.tsx";

interface Props {
  readonly rows: readonly Row[];
  readonly fresh: ReadonlySet<string>;
  readonly sort: Sort;
  readonly isAscending: boolean;
  /** Rows that fit and are not drawn yet. */
  readonly more: number;
  /** Whether there are rows that are not loaded yet. */
  readonly hasUnloaded: boolean;
  readonly showMore: () => void;
}

const COLUMNS: readonly { title: string; sort: Sort | null }[] = [
  { title: "Identity", sort: "address" },
  { title: "Attackers", sort: "attackers" },
  { title: "States", sort: null },
  { title: "Not stable", sort: "trouble" },
  { title: "Evidence", sort: "e" },
  { title: "Last change", sort: "change" },
  { title: "Last seen", sort: "seen" },
];
/** Primitives that are named in a row. */
const NAMED = 3;

export function IdentityTable({ rows, fresh, sort, isAscending, more, hasUnloaded, showMore }: Props) {
  const end = useRef<HTMLButtonElement>(null);
  const hasMore = more > 0 || hasUnloaded;
  useEffect(() => {
    if (!end.current) return undefined;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting === true) showMore();
      },
      { rootMargin: "600px" },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- watched anew after each growth
  }, [hasMore, rows.length]);
  return (
    <div class="table-frame">
      <table class="identities" role="table">
        <caption class="hidden">
          Identities. Arrow keys move from row to row, Enter opens one, / goes to the search.
        </caption>
        <thead role="rowgroup">
          <tr role="row">
            {COLUMNS.map(({ title, sort: by }) => (
              <th
                key={title}
                class={by === null ? "fixed" : by}
                role="columnheader"
                scope="col"
                aria-sort={by !== sort ? undefined : isAscending ? "ascending" : "descending"}
              >
                {by === null ? (
                  title
                ) : (
                  <button
                    type="button"
                    class="sort"
                    onClick={() =>
                      setView({
                        sort: by === "change" ? null : by,
                        dir: by === sort && !isAscending ? "asc" : null,
                      })
                    }
                  >
                    {title}
                    <span aria-hidden="true">{by === sort ? (isAscending ? " ↑" : " ↓") : ""}</span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" onKeyDown={moveFocus}>
          {rows.map((row) => (
            <IdentityRow key={row.uuid} row={row} isFresh={fresh.has(row.uuid)} />
          ))}
        </tbody>
      </table>
      {hasMore && (
        <button type="button" class="more" ref={end} onClick={showMore}>
          {hasUnloaded ? "Show more" : `Show ${more.toLocaleString("en")} more`}
        </button>
      )}
    </div>
  );
}

function IdentityRow({ row, isFresh }: { row: Row; isFresh: boolean }) {
  const suspected = row.multi_actor_suspected;
  const hidden = row.attacker_count - row.addresses.length;
  return (
    <tr role="row" data-fresh={isFresh} data-uuid={row.uuid}>
      <td role="cell" class="who">
        <a href={`/identity/${row.uuid}`} title={row.uuid}>
          <code>{shortUuid(row.uuid)}</code>
        </a>
        {isFresh && <span class="new-mark">changed</span>}
        <span class="quiet small addresses">
          {row.addresses.join(", ")}
          {row.addresses.length > 0 && hidden > 0 ? ` and ${hidden} more` : ""}
        </span>
      </td>
      <td role="cell" class="number">
        {row.attacker_count.toLocaleString("en")}
        <span class="unit"> {row.attacker_count === 1 ? "attacker" : "attackers"}</span>
      </td>
      <td role="cell">
        <StateCounts states={row.states} />
      </td>
      <td role="cell" class="troubled">
        {suspected !== null && (
          <span class="suspicion" title={suspected.join(", ")}>
            <Mark state="multi_actor" /> several actors suspected ({counted(suspected.length, "primitive")})
          </span>
        )}
        {row.troubled.slice(0, NAMED).map(({ primitive, state }) => (
          <a
            class="chip"
            key={primitive}
            href={`/identity/${row.uuid}?open=${primitive}`}
            title={`${primitive}: ${STATE_WORDS[state]}`}
            tabIndex={-1}
          >
            <Mark state={state} />
            {primitive}
            <span class="hidden"> {STATE_WORDS[state]}</span>
          </a>
        ))}
        {row.troubled.length > NAMED && (
          <span class="quiet small">and {row.troubled.length - NAMED} more</span>
        )}
      </td>
      <td role="cell" class="evidence-cell">
        <EvidenceCell evidence={row.evidence} />
      </td>
      <td role="cell" class="when" data-label="state changed">
        <Ago ts={row.last_change_ts} />
      </td>
      <td role="cell" class="when" data-label="seen">
        <Ago ts={row.last_seen_at} />
      </td>
    </tr>
  );
}

/** Whether behaviour has changed, how much speaks for it, how many operators. */
function EvidenceCell({ evidence: { e, changed_ts: changedTs, operators } }: Pick<Row, "evidence">) {
  if (e === null) return <span class="quiet">–</span>;
  const isNoted = e >= NOTED_E;
  return (
    <>
      <span>
        {changedTs === null ? (
          isNoted ? (
            <b class="noted-words">change likely</b>
          ) : (
            "unchanged"
          )
        ) : (
          <>
            <ChangeMark /> changed <Ago ts={changedTs} />
          </>
        )}
      </span>
      <span class="quiet small" title={E_WORDS}>
        E {eWords(e)}
        {changedTs !== null && isNoted ? ", change likely" : ""}
        {operators !== null && operators > 1 && <b class="operators-words"> · {operators} operators</b>}
      </span>
    </>
  );
}

/** Arrow keys (and j, k) move the focus from row to row. */
function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (step === undefined || !(event.target instanceof Element)) return;
  const row = event.target.closest("tr");
  const next = step > 0 ? row?.nextElementSibling : row?.previousElementSibling;
  const link = next?.querySelector("a");
  if (!link) return;
  event.preventDefault();
  link.focus();
}
