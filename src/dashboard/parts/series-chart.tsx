/** The newest observations of a primitive as a chart; the windows that decided its last transition are shaded. */
import { useMemo } from "preact/hooks";
import type uPlot from "uplot";
import type { Point } from "../identity-facts.ts";
import { useSeries } from "../identity-loader.ts";
import { useIsNarrow } from "../narrow.ts";
import type { AttributionEvent, Explanation, SeriesEvidence } from "../schemas.ts";
import { drawingOf, kindOf, laneNames, type SeriesDrawing } from "../series.ts";
import { counted, exactTime, shortValue, valueWords } from "../words.ts";
import { EvidenceChart } from "./evidence-chart.tsx";
import { Await } from "./notice.tsx";
import { type Ink, Plot } from "./plot.tsx";
import { axisWidthOf, laneOptions, LINE_KEYS, lineOptions, shade, VALUE_KEY } from "./series-options.ts";
import { SmallTable } from "./small-table.tsx";

const LISTED = 20;

interface Props {
  readonly uuid: string;
  readonly primitive: string;
  readonly explanation: Explanation | null;
  readonly transitions: readonly AttributionEvent[];
  /** Observations that are known already, those that come while the page is open among them. */
  readonly known: readonly Point[];
  /** Its evidence; null if it is not followed, or could not be read. */
  readonly evidence: SeriesEvidence | null;
  readonly evidenceVersion: string;
}

export function SeriesChart({
  uuid,
  primitive,
  explanation,
  transitions,
  known,
  evidence,
  evidenceVersion,
}: Props) {
  const isNarrow = useIsNarrow();
  const series = useSeries(uuid, primitive, known);
  return (
    <Await loaded={series} what="the series">
      {({ points, hasMore }) => (
        <>
          <div class="series-chart">
            <Chart
              primitive={primitive}
              points={points}
              explanation={explanation}
              transitions={transitions}
            />
          </div>
          <p class="quiet small">
            {hasMore ? "The newest " : ""}
            {counted(points.length, "observation")}
            {hasMore ? "; there are more" : ""}. Dashed lines are transitions; shaded are the windows that
            decided the last one, the recent darker than the older. Drag to look closer, double-click to see
            all again.
          </p>
          {evidence !== null && (
            <EvidenceChart
              uuid={uuid}
              primitive={primitive}
              changes={evidence.changes}
              version={evidenceVersion}
              axisWidth={axisWidthOf(
                kindOf(
                  points.map(({ value }) => value),
                  explanation,
                ),
                isNarrow,
              )}
            />
          )}
          <details>
            <summary>
              {points.length === 1
                ? "The observation as a table"
                : `The latest ${Math.min(LISTED, points.length)} as a table`}
            </summary>
            <Table observations={points.slice(-LISTED).toReversed()} />
          </details>
        </>
      )}
    </Await>
  );
}

function Table({ observations }: { observations: readonly Point[] }) {
  return (
    <SmallTable label="Observations" heads={["Time", "Value", "Evidence"]}>
      {observations.map(({ ts, value, evidence_ref, attacker_uuid }) => (
        <tr key={`${attacker_uuid} ${evidence_ref}`}>
          <td>{exactTime(ts)}</td>
          <td title={valueWords(value)}>{shortValue(value, 80)}</td>
          <td>
            <code>{evidence_ref}</code>
          </td>
        </tr>
      ))}
    </SmallTable>
  );
}

function Chart({
  primitive,
  points,
  explanation,
  transitions,
}: Pick<Props, "primitive" | "explanation" | "transitions"> & { points: readonly Point[] }) {
  const isNarrow = useIsNarrow();
  const drawing = useMemo(() => drawingOf(points, explanation), [points, explanation]);
  const { kind, lanes } = drawing;
  const names = useMemo(() => laneNames(lanes, isNarrow ? 11 : 18), [lanes, isNarrow]);
  const data = useMemo((): uPlot.AlignedData => {
    const { times, values, means } = drawing;
    return kind === "line" ? [[...times], [...values], [...means]] : [[...times], [...values]];
  }, [drawing]);
  const laneWords = (lane: number) => {
    const text = lanes[lane];
    return text === undefined ? "" : shortValue(JSON.parse(text));
  };
  const options = (ink: Ink) => ({
    ...(kind === "line" ? lineOptions(ink) : laneOptions(ink, names, isNarrow)),
    cursor: { drag: { x: true, y: false } },
    hooks: { drawClear: [(plot: uPlot) => shade(plot, ink, explanation, transitions)] },
  });
  return (
    <Plot
      label={labelOf(primitive, drawing)}
      data={data}
      height={kind === "line" ? 240 : Math.min(320, 110 + lanes.length * 26)}
      keys={kind === "line" ? LINE_KEYS : [{ ...VALUE_KEY, words: laneWords }]}
      options={options}
    />
  );
}

/** The chart in words, for screen readers. */
function labelOf(primitive: string, { kind, times, lanes }: SeriesDrawing): string {
  const how = {
    line: "as points with their moving mean (EWMA)",
    bands: `in ${counted(lanes.length, "lane")}, one for each value`,
    rotations: `in ${counted(lanes.length, "lane")}, one for each value of the hash`,
    bags: "of bags of words",
  }[kind];
  return `${primitive} over time: ${counted(times.length, "observation")} ${how}`;
}
