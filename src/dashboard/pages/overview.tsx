/** How everything is: states over time, where most happens, what is suspected, whether the engine is well. */
import { useEffect, useMemo } from "preact/hooks";
import uPlot from "uplot";
import { ask } from "../api.ts";
import { listen } from "../live.ts";
import { Mark } from "../parts/mark.tsx";
import { Await, Empty } from "../parts/notice.tsx";
import { axisOf, type Ink, Plot } from "../parts/plot.tsx";
import { Ago } from "../parts/time.tsx";
import { useLoaded } from "../resource.ts";
import { setView, url } from "../route.ts";
import {
  type Overview as Sums,
  overviewSchema,
  type State,
  STATES,
  type Stats,
  statsSchema,
} from "../schemas.ts";
import { shortUuid, STATE_WORDS } from "../words.ts";

const EVERY_MS = 30_000;
/** How long news is gathered before the sums are read again, ms. */
const GATHER_MS = 3_000;
const HOUR_SECS = 3_600;
const DAY_SECS = 86_400;

export function Overview() {
  const stats = useLoaded("stats", () => ask("/stats", statsSchema), EVERY_MS);
  const sums = useLoaded("overview", () => ask("/dashboard/overview", overviewSchema), EVERY_MS);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unlisten = listen(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        stats.reload();
        sums.reload();
      }, GATHER_MS);
    });
    return () => {
      clearTimeout(timer);
      unlisten();
    };
  }, [stats.reload, sums.reload]);
  return (
    <>
      <div class="page-head">
        <h1>Overview</h1>
      </div>
      <Await loaded={stats} what="the totals">
        {(totals) => (
          <>
            <Health stats={totals} />
            <StateTiles stats={totals} />
            <Await loaded={sums} what="the overview">
              {(overview) => <Details stats={totals} overview={overview} />}
            </Await>
          </>
        )}
      </Await>
    </>
  );
}

function Health({ stats }: { stats: Stats }) {
  const letters = Object.values(stats.dead_letters).reduce((sum, count) => sum + count, 0);
  const { pending, oldest_ts: oldestTs } = stats.outbox;
  const tiles: readonly {
    name: string;
    count: number | null;
    isWell: boolean;
    note: string;
    href?: string;
  }[] = [
    {
      name: "Identities",
      count: stats.identities,
      isWell: true,
      note: `${stats.attackers.toLocaleString("en")} attackers`,
    },
    {
      name: "Observations",
      count: stats.observations,
      isWell: true,
      note: `${stats.events.toLocaleString("en")} events published`,
    },
    {
      name: "Backlog",
      count: stats.queue.backlog,
      isWell: (stats.queue.backlog ?? 0) < 1_000,
      note: "messages that wait",
    },
    {
      name: "Outbox",
      count: pending,
      isWell: pending === 0,
      note: oldestTs === null ? "all published" : "to be published again",
    },
    {
      name: "Dead letters",
      count: letters,
      isWell: letters === 0,
      note: letters === 0 ? "none" : "need a look",
      href: "/dead-letters",
    },
    { name: "Deferred", count: stats.deferred, isWell: true, note: "wait for registration" },
  ];
  return (
    <section class="tiles" aria-label="Health">
      {tiles.map(({ name, count, isWell, note, href }) => (
        <div class="card tile" key={name} data-well={isWell}>
          <h2>{href === undefined ? name : <a href={href}>{name}</a>}</h2>
          <p class="big">{count === null ? "not known" : count.toLocaleString("en")}</p>
          <p class="quiet small">
            {isWell ? "" : "⚠ "}
            {note}
          </p>
        </div>
      ))}
    </section>
  );
}

function StateTiles({ stats }: { stats: Stats }) {
  return (
    <section class="tiles tiles-states" aria-label="States">
      {STATES.map((state) => (
        <a class={`card tile tile-state badge-${state}`} key={state} href={`/?state=${state}`}>
          <span class="tile-name">
            <Mark state={state} /> {STATE_WORDS[state]}
          </span>
          <span class="big">{(stats.states[state] ?? 0).toLocaleString("en")}</span>
          <span class="quiet small">primitives of identities</span>
        </a>
      ))}
    </section>
  );
}

function Details({ stats, overview }: { stats: Stats; overview: Sums }) {
  const { active, suspicions } = overview;
  return (
    <>
      <section class="card" aria-labelledby="states-title">
        <h2 id="states-title">States over time</h2>
        <StatesChart stats={stats} overview={overview} />
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
                  aria-label={`${transitions} transitions`}
                />
                <span>{transitions} transitions</span>
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
            {suspicions.map(({ uuid, primitives, ts }) => (
              <li key={`${uuid} ${ts}`} class="wide">
                <a href={`/identity/${uuid}`}>
                  <code>{shortUuid(uuid)}</code>
                </a>
                <span>{primitives.join(", ")}</span>
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

/** Stretches of time that the chart can show, in days. */
const RANGES: Readonly<Record<string, number>> = { day: 1, week: 7, month: 30, year: 365, all: Infinity };

function StatesChart({ stats, overview }: { stats: Stats; overview: Sums }) {
  const { turns } = overview;
  const newestTs = turns.at(-1)?.hour_ts ?? 0;
  const chosen = url.value.searchParams.get("range") ?? "week";
  const days = RANGES[chosen] ?? 7;
  const data = useMemo(
    () => countsOverTime(stats, turns, newestTs - days * DAY_SECS),
    [stats, turns, newestTs, days],
  );
  if (turns.length === 0) return <Empty title="Nothing changed yet.">The first states will show here.</Empty>;
  return (
    <>
      <p class="filters" role="group" aria-label="Range">
        {Object.keys(RANGES).map((name) => (
          <button
            type="button"
            key={name}
            aria-pressed={name === chosen}
            onClick={() => setView({ range: name === "week" ? null : name })}
          >
            {name}
          </button>
        ))}
      </p>
      <Plot
        label="How many primitives were in each state over time"
        data={data}
        height={260}
        options={chartOptions}
      />
    </>
  );
}

function chartOptions(ink: Ink): Omit<uPlot.Options, "width" | "height"> {
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    axes: [axisOf(ink), axisOf(ink, { size: 50 })],
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.08)] } },
    series: [
      {},
      ...STATES.map((state, place) => ({
        label: STATE_WORDS[state],
        stroke: ink.colour(`--state-${state}`),
        width: 2,
        dash: DASHES[place] ?? [],
        points: { show: false },
        ...(stepped ? { paths: stepped } : {}),
      })),
    ],
  };
}

/** A line's dashes, so that none is known by its colour alone. */
const DASHES: readonly number[][] = [[], [8, 3], [2, 3], [10, 3, 2, 3], [1, 5]];

/**
 * Counts of each state at the end of every hour, from what they are now back through what turned.
 * @param fromTs - hours before are left out, epoch seconds
 */
function countsOverTime(stats: Stats, turns: Sums["turns"], fromTs: number): uPlot.AlignedData {
  const hours = [...new Set(turns.map(({ hour_ts: ts }) => ts))].toSorted((a, b) => b - a);
  const byHour = Map.groupBy(turns, ({ hour_ts: ts }) => ts);
  const now = new Map<State, number>(STATES.map((state) => [state, stats.states[state] ?? 0]));
  const rows: { ts: number; counts: number[] }[] = [];
  const note = (ts: number) =>
    rows.push({ ts, counts: STATES.map((state) => Math.max(0, now.get(state) ?? 0)) });
  for (const hour of hours) {
    if (hour < fromTs) break;
    note(hour + HOUR_SECS);
    for (const { old_state: before, new_state: after, count } of byHour.get(hour) ?? []) {
      now.set(after, (now.get(after) ?? 0) - count);
      if (before !== null) now.set(before, (now.get(before) ?? 0) + count);
    }
  }
  const first = hours.findLast((hour) => hour >= fromTs);
  if (first !== undefined) note(first);
  rows.reverse();
  return [
    rows.map(({ ts }) => ts),
    ...STATES.map((_, place) => rows.map(({ counts }) => counts[place] ?? 0)),
  ];
}
