/** States over time as lines; each line can be hidden, because a frequent state flattens the lines of rare ones. */
import { useMemo } from "preact/hooks";
import uPlot from "uplot";
import { setView, url } from "../route.ts";
import type { Overview } from "../../http/dashboard/wire.ts";
import { STATES } from "../schemas.ts";
import { countsOverTime, type StateCounts } from "../states-over-time.ts";
import { counted, shortNumber, STATE_WORDS } from "../words.ts";
import { Empty } from "./notice.tsx";
import { axisOf, type Ink, type Key, Plot, timeAxisOf } from "./plot.tsx";

/** Stretches of time that the chart can show, in days. */
const RANGES: Readonly<Record<string, number>> = { day: 1, week: 7, month: 30, year: 365, all: Infinity };
const STANDARD_RANGE = "week";
const DAY_SECS = 86_400;
/** Dashes of each line, so that lines differ by more than colour. */
const DASHES: readonly (readonly number[])[] = [[], [8, 3], [2, 3], [10, 3, 2, 3], [1, 4]];

const KEYS = STATES.map((state, line): Key => ({
  label: STATE_WORDS[state],
  look: `look-${state}`,
  dash: DASHES[line] ?? [],
  state,
  words: shortNumber,
}));

/** The chart, and which stretch of time it shows. */
export function StatesOverTime({ overview }: { overview: Overview }) {
  const { turns, totals, event_count: summed } = overview;
  const newestTs = turns.at(-1)?.hour_ts ?? 0;
  const chosen = url.value.searchParams.get("range") ?? STANDARD_RANGE;
  const days = RANGES[chosen] ?? 7;
  const { states, events } = totals;
  const counts = useMemo(
    () => (states === null ? null : countsOverTime(states, turns, newestTs - days * DAY_SECS)),
    [states, turns, newestTs, days],
  );
  if (turns.length === 0) return <Empty title="Nothing changed yet.">The first states will show here.</Empty>;
  if (counts === null)
    return <Empty title="Being counted.">The chart starts from what the states are now.</Empty>;
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
      <StatesChart counts={counts} />
      {events !== null && events > summed && (
        <p class="quiet small">
          Drawn from the newest {summed.toLocaleString("en")} of {counted(events, "event")}.
        </p>
      )}
    </>
  );
}

function StatesChart({ counts: { times, counts } }: { counts: StateCounts }) {
  const left = url.value.searchParams.get("without")?.split(",") ?? [];
  const hidden = new Set(STATES.flatMap((state, line) => (left.includes(state) ? [line] : [])));
  const data = useMemo(
    (): uPlot.AlignedData => [[...times], ...counts.map((each) => [...each])],
    [times, counts],
  );
  const toggle = (toggled: number) => {
    const without = STATES.filter((_, line) => (line === toggled ? !hidden.has(line) : hidden.has(line)));
    setView({ without: without.join(",") });
  };
  return (
    <Plot
      label="How many primitives were in each state over time"
      data={data}
      height={260}
      keys={KEYS}
      options={chartOptions}
      hidden={hidden}
      toggle={toggle}
    />
  );
}

function chartOptions(ink: Ink): Omit<uPlot.Options, "width" | "height"> {
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    axes: [timeAxisOf(ink), axisOf(ink, { size: 50 })],
    scales: { y: { range: (_, __, most) => [0, Math.max(1, (most ?? 1) * 1.08)] } },
    series: [
      {},
      ...STATES.map((state, line) => ({
        stroke: ink.colour(`--state-${state}`),
        width: 2,
        dash: [...(DASHES[line] ?? [])],
        points: { show: false },
        ...(stepped ? { paths: stepped } : {}),
      })),
    ],
  };
}
