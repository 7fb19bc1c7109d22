/** The whole series of a primitive as a chart, with the windows that decided its last transition shaded. */
import { useMemo } from "preact/hooks";
import type uPlot from "uplot";
import { ask } from "../api.ts";
import { useIsNarrow } from "../narrow.ts";
import { useLoaded } from "../resource.ts";
import { type AttributionEvent, type Explanation, type Observation, observationsSchema } from "../schemas.ts";
import { kindOf, laneNames, lanesOf, movingMeans, type SeriesKind } from "../series.ts";
import { counted, exactTime, shortValue, valueWords } from "../words.ts";
import { Await } from "./notice.tsx";
import { type Ink, Plot } from "./plot.tsx";
import { laneOptions, LINE_KEYS, lineOptions, shade, VALUE_KEY } from "./series-options.ts";

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
