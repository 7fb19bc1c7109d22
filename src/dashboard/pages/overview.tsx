/** How everything is: states over time, where most happens, what is suspected, whether the engine is well. */
import { useEffect } from "preact/hooks";
import { ask } from "../api.ts";
import { listen } from "../live.ts";
import { Mark } from "../parts/mark.tsx";
import { Await, Empty } from "../parts/notice.tsx";
import { StatesChart } from "../parts/states-chart.tsx";
import { Ago } from "../parts/time.tsx";
import { useLoaded } from "../resource.ts";
import { type Overview as Sums, overviewSchema, STATES, type Stats, statsSchema } from "../schemas.ts";
import { counted, shortUuid, STATE_WORDS } from "../words.ts";

const EVERY_MS = 30_000;
/** How long news is gathered before the sums are read again, ms. */
const GATHER_MS = 3_000;

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
      note: counted(stats.attackers, "attacker"),
    },
    {
      name: "Observations",
      count: stats.observations,
      isWell: true,
      note: `${counted(stats.events, "event")} published`,
    },
    {
      name: "Backlog",
      count: stats.queue.backlog,
      isWell: (stats.queue.backlog ?? 0) < 1_000,
      note: stats.queue.backlog === 0 ? "nothing waits" : "messages that wait",
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
    {
      name: "Deferred",
      count: stats.deferred,
      isWell: true,
      note: stats.deferred === 0 ? "nothing waits" : "wait for registration",
    },
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
            <span class="big">{(stats.states[state] ?? 0).toLocaleString("en")}</span>
          </a>
        ))}
      </div>
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
