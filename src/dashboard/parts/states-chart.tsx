/** States over time as lines; each can be left out, since what is rare would lie flat below what is frequent. */
import { useMemo } from "preact/hooks";
import uPlot from "uplot";
import { setView, url } from "../route.ts";
import { type Overview, STATES, type Stats } from "../schemas.ts";
import { countsOverTime } from "../states-over-time.ts";
import { counted, shortNumber, STATE_WORDS } from "../words.ts";
import { Empty } from "./notice.tsx";
import { axisOf, type Ink, type Key, Plot, timeAxisOf } from "./plot.tsx";

/** Stretches of time that the chart can show, in days. */
const RANGES: Readonly<Record<string, number>> = { day: 1, week: 7, month: 30, year: 365, all: Infinity };
const STANDARD_RANGE = "week";
const DAY_SECS = 86_400;
/** Events that the server sums up. */
const SUMMED = 5_000;
/** A line's dashes, so that none is known by its colour alone. */
const DASHES: readonly (readonly number[])[] = [[], [8, 3], [2, 3], [10, 3, 2, 3], [1, 4]];

const KEYS = STATES.map((state, place): Key => ({
  label: STATE_WORDS[state],
  look: `look-${state}`,
  dash: DASHES[place] ?? [],
  state,
  words: shortNumber,
}));

export function StatesChart({ stats, overview }: { stats: Stats; overview: Overview }) {
  const { turns } = overview;
  const newestTs = turns.at(-1)?.hour_ts ?? 0;
  const view = url.value.searchParams;
  const chosen = view.get("range") ?? STANDARD_RANGE;
  const days = RANGES[chosen] ?? 7;
  const left = view.get("without")?.split(",") ?? [];
  const hidden = new Set(STATES.flatMap((state, place) => (left.includes(state) ? [place] : [])));
  const data = useMemo((): uPlot.AlignedData => {
    const { times, counts } = countsOverTime(stats.states, turns, newestTs - days * DAY_SECS);
    return [[...times], ...counts.map((each) => [...each])];
  }, [stats, turns, newestTs, days]);
  const toggle = (place: number) => {
    const without = STATES.filter((_, at) => (at === place ? !hidden.has(at) : hidden.has(at)));
    setView({ without: without.join(",") });
  };
  if (turns.length === 0) return <Empty title="Nothing changed yet.">The first states will show here.</Empty>;
  return (
    <>
      <div class="segments" role="group" aria-label="Range">
        {Object.keys(RANGES).map((name) => (
          <button
            type="button"
            key={name}
            aria-pressed={name === chosen}
            onClick={() => setView({ range: name === STANDARD_RANGE ? null : name })}
          >
            {name}
          </button>
        ))}
      </div>
      <Plot
        label="How many primitives were in each state over time"
        data={data}
        height={260}
        keys={KEYS}
        options={chartOptions}
        hidden={hidden}
        toggle={toggle}
      />
      {stats.events > SUMMED && (
        <p class="quiet small">
          Drawn from the newest {SUMMED.toLocaleString("en")} of {counted(stats.events, "event")}.
        </p>
      )}
    </>
  );
}

function chartOptions(ink: Ink): Omit<uPlot.Options, "width" | "height"> {
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    axes: [timeAxisOf(ink), axisOf(ink, { size: 50 })],
    scales: { y: { range: (_, __, most) => [0, Math.max(1, (most ?? 1) * 1.08)] } },
    series: [
      {},
      ...STATES.map((state, place) => ({
        stroke: ink.colour(`--state-${state}`),
        width: 2,
        dash: [...(DASHES[place] ?? [])],
        points: { show: false },
        ...(stepped ? { paths: stepped } : {}),
      })),
    ],
  };
}
