/** The whole series of a primitive as a chart, with the windows that decided its last transition shaded. */
import { useMemo } from "preact/hooks";
import uPlot from "uplot";
import { ask } from "../api.ts";
import { useIsNarrow } from "../narrow.ts";
import { useLoaded } from "../resource.ts";
import { type AttributionEvent, type Explanation, type Observation, observationsSchema } from "../schemas.ts";
import { kindOf, laneNames, lanesOf, movingMeans, type SeriesKind } from "../series.ts";
import { counted, exactTime, shortNumber, shortValue, valueWords } from "../words.ts";
import { Await } from "./notice.tsx";
import { axisOf, type Ink, type Key, Plot, timeAxisOf } from "./plot.tsx";

const PAGE = 1_000;
/** Observations that a chart takes, oldest first. */
const MOST = 5_000;
const LISTED = 20;

interface Props {
  readonly uuid: string;
  readonly primitive: string;
  readonly explanation: Explanation | null;
  readonly transitions: readonly AttributionEvent[];
  /** Changes whenever there may be more. */
  readonly version: string;
}

export function SeriesChart({ uuid, primitive, explanation, transitions, version }: Props) {
  const series = useLoaded(`${uuid}/${primitive} ${version}`, () => readSeries(uuid, primitive));
  return (
    <Await loaded={series} what="the series">
      {({ observations, isCut }) => (
        <>
          <Chart
            primitive={primitive}
            observations={observations}
            explanation={explanation}
            transitions={transitions}
          />
          <p class="quiet small">
            {counted(observations.length, "observation")}
            {isCut ? ", the oldest; there are more" : ""}. Dashed lines are transitions; shaded are the
            windows that decided the last one, the recent darker than the older. Drag to look closer,
            double-click to see all again.
          </p>
          <details>
            <summary>
              {observations.length === 1
                ? "The observation as a table"
                : `The latest ${Math.min(LISTED, observations.length)} as a table`}
            </summary>
            <Table observations={observations.slice(-LISTED).toReversed()} />
          </details>
        </>
      )}
    </Await>
  );
}

async function readSeries(uuid: string, primitive: string) {
  const observations: Observation[] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { data: Observation[]; next_cursor: string | null } = await ask(
      `/identities/${uuid}/observations?primitive=${primitive}&limit=${PAGE}${after}`,
      observationsSchema,
    );
    observations.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor !== null && observations.length < MOST);
  return { observations, isCut: cursor !== null };
}

function Table({ observations }: { observations: readonly Observation[] }) {
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="Observations">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Value</th>
            <th scope="col">Evidence</th>
          </tr>
        </thead>
        <tbody>
          {observations.map(({ ts, value, evidence_ref, attacker_uuid }) => (
            <tr key={`${attacker_uuid} ${evidence_ref}`}>
              <td>{exactTime(ts)}</td>
              <td title={valueWords(value)}>{shortValue(value, 80)}</td>
              <td>
                <code>{evidence_ref}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Chart({
  primitive,
  observations,
  explanation,
  transitions,
}: Pick<Props, "primitive" | "explanation" | "transitions"> & { observations: readonly Observation[] }) {
  const isNarrow = useIsNarrow();
  const values = observations.map(({ value }) => value);
  const kind = kindOf(values, explanation);
  const lanes = useMemo(() => (kind === "line" ? [] : lanesOf(values)), [observations, kind]);
  const names = useMemo(() => laneNames(lanes, isNarrow ? 11 : 18), [lanes, isNarrow]);
  const data = useMemo((): uPlot.AlignedData => {
    const times = observations.map(({ ts }) => ts);
    if (kind !== "line") return [times, values.map((value) => lanes.indexOf(JSON.stringify(value)))];
    const numbers = values.map((value) => (typeof value === "number" ? value : 0));
    return [times, numbers, movingMeans(numbers)];
  }, [observations, kind]);
  const laneWords = (lane: number) => {
    const text = lanes[lane];
    return text === undefined ? "" : shortValue(JSON.parse(text));
  };
  const options = (ink: Ink) => ({
    ...(kind === "line" ? lineOptions(ink) : laneOptions(ink, names, isNarrow)),
    cursor: { drag: { x: true, y: false } },
    hooks: { drawClear: [(plot: uPlot) => shade(plot, ink, explanation, transitions)] },
  });
  const height = kind === "line" ? 240 : Math.min(320, 110 + lanes.length * 26);
  return (
    <Plot
      label={labelOf(primitive, kind, observations, lanes.length)}
      data={data}
      height={height}
      keys={kind === "line" ? LINE_KEYS : [{ ...VALUE_KEY, words: laneWords }]}
      options={options}
    />
  );
}

/** What the chart shows, for those who do not see it. */
function labelOf(
  primitive: string,
  kind: SeriesKind,
  observations: readonly Observation[],
  lanes: number,
): string {
  const how = {
    line: "as points with their moving mean (EWMA)",
    bands: `in ${counted(lanes, "lane")}, one for each value`,
    rotations: `in ${counted(lanes, "lane")}, one for each value of the hash`,
  }[kind];
  return `${primitive} over time: ${counted(observations.length, "observation")} ${how}`;
}

const LINE_KEYS: readonly Key[] = [
  { label: "observed", look: "look-observed", dash: null, words: shortNumber },
  { label: "mean (EWMA)", look: "look-mean", dash: [], words: shortNumber },
];
const VALUE_KEY = { label: "value", look: "look-observed", dash: [] } as const;

function pointsOf(ink: Ink) {
  return { show: true, size: 7, width: 1.5, stroke: ink.colour("--accent"), fill: ink.colour("--card") };
}

function lineOptions(ink: Ink) {
  return {
    axes: [timeAxisOf(ink), axisOf(ink, { size: 60 })],
    series: [
      {},
      {
        stroke: ink.colour("--accent"),
        paths: () => null,
        points: pointsOf(ink),
      },
      { stroke: ink.colour("--text"), width: 1.5, points: { show: false } },
    ],
  };
}

function laneOptions(ink: Ink, names: readonly string[], isNarrow: boolean) {
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    scales: { y: { range: [-0.6, Math.max(0.6, names.length - 0.4)] as [number, number] } },
    axes: [
      timeAxisOf(ink),
      axisOf(ink, {
        size: isNarrow ? 84 : 132,
        splits: () => names.map((_, lane) => lane),
        values: (_, splits) => splits.map((lane) => names[lane] ?? ""),
      }),
    ],
    series: [
      {},
      {
        stroke: ink.colour("--accent"),
        width: 1.5,
        ...(stepped ? { paths: stepped } : {}),
        points: pointsOf(ink),
      },
    ],
  };
}

/** Draws below the series: both windows, and a line for each transition. */
function shade(
  plot: uPlot,
  ink: Ink,
  explanation: Explanation | null,
  transitions: readonly AttributionEvent[],
): void {
  const { ctx, bbox } = plot;
  ctx.save();
  const windows = [
    { members: explanation?.older ?? [], colour: ink.colour("--window-older") },
    { members: explanation?.recent ?? [], colour: ink.colour("--window-recent") },
  ];
  for (const { members, colour } of windows) {
    const [first, last] = [members[0], members.at(-1)];
    if (!first || !last) continue;
    const from = Math.max(bbox.left, plot.valToPos(first.ts, "x", true) - 4);
    const to = Math.min(bbox.left + bbox.width, plot.valToPos(last.ts, "x", true) + 4);
    ctx.fillStyle = colour;
    if (to > from) ctx.fillRect(from, bbox.top, to - from, bbox.height);
  }
  ctx.setLineDash([4, 3]);
  ctx.lineWidth = 1.5;
  for (const { payload } of transitions) {
    if (payload.ts === undefined || payload.new_state === undefined) continue;
    const x = plot.valToPos(payload.ts, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ink.colour(`--state-${payload.new_state}`);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
