/** The overview: totals, states over time, the most active identities, the newest suspicions. */
import type { Overview as Sums } from "../../http/dashboard/wire.ts";
import { useOverview } from "../overview-loader.ts";
import { ChangeMark, Mark } from "../parts/mark.tsx";
import { Await, Empty } from "../parts/notice.tsx";
import { StatesOverTime } from "../parts/states-chart.tsx";
import { Ago } from "../parts/time.tsx";
import { EVIDENCE_FILTER_WORDS } from "../rows.ts";
import { STATES } from "../schemas.ts";
import { counted, shortUuid, STATE_WORDS } from "../words.ts";

export function Overview() {
  return (
    <>
      <div class="page-head">
        <h1>Overview</h1>
      </div>
      <Await loaded={useOverview()} what="the overview">
        {(overview) => (
          <>
            <Health totals={overview.totals} />
            <StateTiles totals={overview.totals} />
            <EvidenceTiles totals={overview.totals} />
            <Details overview={overview} />
          </>
        )}
      </Await>
    </>
  );
}

/** A count with its note; `isWell` is false where somebody should look. */
interface Tile {
  readonly name: string;
  /** Null where it is not known. */
  readonly count: number | null;
  readonly isWell: boolean;
  readonly note: string;
  readonly href?: string;
}

/** Waiting messages below which the backlog is well. */
const BACKLOG_WELL = 1_000;

function Health({ totals }: { totals: Sums["totals"] }) {
  const { attackers, events, queue_backlog: backlog, outbox_pending: pending, deferred } = totals;
  const letters = totals.dead_letters;
  const tiles: readonly Tile[] = [
    {
      name: "Identities",
      count: totals.identities,
      isWell: true,
      note: attackers === null ? "being counted" : counted(attackers, "attacker"),
    },
    {
      name: "Observations",
      count: totals.observations,
      isWell: true,
      note: events === null ? "being counted" : `${counted(events, "event")} published`,
    },
    {
      name: "Backlog",
      count: backlog,
      isWell: (backlog ?? 0) < BACKLOG_WELL,
      note: backlog === 0 ? "nothing waits" : "messages that wait",
    },
    {
      name: "Outbox",
      count: pending,
      isWell: (pending ?? 0) === 0,
      note: pending === 0 ? "all published" : "to be published again",
    },
    {
      name: "Dead letters",
      count: letters,
      isWell: (letters ?? 0) === 0,
      note: letters === 0 ? "none" : "need a look",
      href: "/dead-letters",
    },
    {
      name: "Deferred",
      count: deferred,
      isWell: true,
      note: deferred === 0 ? "nothing waits" : "wait for registration",
    },
  ];
  return (
    <section class="tiles" aria-label="Health">
      {tiles.map(({ name, count, isWell, note, href }) => (
        <div class="card tile" key={name} data-well={isWell}>
          <h2>{href === undefined ? name : <a href={href}>{name}</a>}</h2>
          <p class="big">{countWords(count)}</p>
          <p class="quiet small">
            {isWell ? "" : "⚠ "}
            {note}
          </p>
        </div>
      ))}
    </section>
  );
}

function countWords(count: number | null): string {
  return count === null ? "not known" : count.toLocaleString("en");
}

function StateTiles({ totals: { states } }: { totals: Sums["totals"] }) {
  return (
    <section class="card" aria-labelledby="now-title">
      <h2 id="now-title">States now</h2>
      <p class="quiet small">
        Of every primitive of every identity. A state leads to the identities that have it.
      </p>
      <div class="tiles-states">
        {STATES.map((state) => (
          <a class={`tile-state badge-${state}`} key={state} href={`/?state=${state}`}>
            <span class="tile-name">
              <Mark state={state} /> {STATE_WORDS[state]}
            </span>
            <span class="big">{countWords(states === null ? null : states[state])}</span>
          </a>
        ))}
      </div>
    </section>
  );
}

/** Filters of the list, each with its count. */
const BY_EVIDENCE = [
  { filter: "unchanged", note: "no proven change" },
  { filter: "changed_within_day", note: "proven in the last 24 hours" },
  { filter: "several_operators", note: "by the last estimate" },
] as const;

function EvidenceTiles({ totals: { evidence } }: { totals: Sums["totals"] }) {
  if (evidence === null) return null;
  return (
    <section class="card" aria-labelledby="evidence-title">
      <h2 id="evidence-title">Identities by evidence</h2>
      <div class="tiles-evidence">
        {BY_EVIDENCE.map(({ filter, note }) => (
          <a class={`tile-state tile-${filter}`} key={filter} href={`/?evidence=${filter}`}>
            <span class="tile-name">
              {filter === "changed_within_day" && <ChangeMark />} {EVIDENCE_FILTER_WORDS[filter]}
            </span>
            <span class="big">{evidence[filter].toLocaleString("en")}</span>
            <span class="quiet small">{note}</span>
          </a>
        ))}
      </div>
    </section>
  );
}

function Details({ overview }: { overview: Sums }) {
  const { active, suspicions } = overview;
  return (
    <>
      <section class="card" aria-labelledby="states-title">
        <h2 id="states-title">States over time</h2>
        <StatesOverTime overview={overview} />
      </section>
      <div class="two">
        <section class="card" aria-labelledby="active-title">
          <h2 id="active-title">Most active identities</h2>
          {active.length === 0 && <Empty title="None yet.">Whoever changes most will be listed here.</Empty>}
          <ol class="ranking">
            {active.map(({ uuid, transitions, last_ts: lastTs }) => (
              <li key={uuid}>
                <a href={`/identity/${uuid}`}>
                  <code>{shortUuid(uuid)}</code>
                </a>
                <meter
                  min={0}
                  max={active[0]?.transitions ?? 1}
                  value={transitions}
                  aria-label={counted(transitions, "transition")}
                />
                <span>{counted(transitions, "transition")}</span>
                <span class="quiet small">
                  <Ago ts={lastTs} />
                </span>
              </li>
            ))}
          </ol>
        </section>
        <section class="card" aria-labelledby="suspicions-title">
          <h2 id="suspicions-title">Newest suspicions</h2>
          {suspicions.length === 0 && (
            <Empty title="None.">Two alternating primitives of one identity raise a suspicion.</Empty>
          )}
          <ol class="ranking">
            {suspicions.map(({ uuid, primitives, primitive_count: count, ts }) => (
              <li key={`${uuid} ${ts}`} class="wide">
                <a href={`/identity/${uuid}`}>
                  <code>{shortUuid(uuid)}</code>
                </a>
                <span>
                  {primitives.join(", ")}
                  {count > primitives.length ? ` and ${count - primitives.length} more` : ""}
                </span>
                <span class="quiet small">
                  <Ago ts={ts} />
                </span>
              </li>
            ))}
          </ol>
        </section>
      </div>
    </>
  );
}
