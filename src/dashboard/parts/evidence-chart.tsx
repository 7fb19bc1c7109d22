/** E of a primitive over time on a logarithmic axis, with its two lines and the proven changes. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type uPlot from "uplot";
import { NOTED_AT } from "../../evidence/constants.ts";
import { useEvidencePath } from "../evidence-loader.ts";
import { drawnEs, type EvidencePath, pathLabel, pointWords, powersIn, rangeOf } from "../evidence-path.ts";
import { changeWords, eWords } from "../evidence-words.ts";
import type { ProvenChange } from "../schemas.ts";
import { exactTime } from "../words.ts";
import { ChangeMark } from "./mark.tsx";
import { Await, Empty } from "./notice.tsx";
import { axisOf, type Ink, type Key, Plot, timeAxisOf } from "./plot.tsx";
import { WithValues } from "./sentence.tsx";

const HEIGHT = 190;

interface Props {
  readonly uuid: string;
  readonly primitive: string;
  /** Its proven changes, oldest first. */
  readonly changes: readonly ProvenChange[];
  /** Changes when an event says that the evidence changed. */
  readonly version: string;
  /** Width that the axis of the chart above takes, so that the times of both stand one below the other. */
  readonly axisWidth: number;
}

export function EvidenceChart({ uuid, primitive, changes, version, axisWidth }: Props) {
  const loaded = useEvidencePath(uuid, primitive, version);
  return (
    <section class="evidence-chart" aria-label={`Evidence of ${primitive}`}>
      <h4>Evidence of a change</h4>
      <Await loaded={loaded} what="the evidence">
        {(path) =>
          path.times.length === 0 ? (
            <Empty title="No evidence.">None of its observations counts.</Empty>
          ) : (
            <Path primitive={primitive} path={path} changes={changes} axisWidth={axisWidth} />
          )
        }
      </Await>
      {changes.length > 0 && (
        <ol class="changes" reversed>
          {changes.toReversed().map((change) => (
            <li key={change.id}>
              <ChangeMark /> <WithValues text={changeWords(primitive, change)} />{" "}
              <span class="quiet small">
                Began about {exactTime(change.since_ts)}; proven at {exactTime(change.ts)}.
              </span>
            </li>
          ))}
        </ol>
      )}
      <p class="quiet small">
        E is evidence against “this never changed since the last proven change”: of series that never change,
        at most 1 of {NOTED_AT} ever reaches {NOTED_AT}.
      </p>
    </section>
  );
}

function Path({
  primitive,
  path,
  changes,
  axisWidth,
}: Pick<Props, "primitive" | "changes" | "axisWidth"> & { path: EvidencePath }) {
  const { times, threshold } = path;
  const place = useSignal<number | null>(null);
  const data = useMemo((): uPlot.AlignedData => {
    const line = (at: number) => Array<number>(times.length).fill(at);
    return [[...times], drawnEs(path), line(NOTED_AT), line(threshold)];
  }, [path, times, threshold]);
  const keys: readonly Key[] = [
    { label: "E", look: "look-observed", dash: [], words: (e) => eWords(e) },
    { label: `noted from ${NOTED_AT}`, look: "look-noted", dash: [2, 3], words: () => "" },
    {
      label: `changed from ${threshold.toLocaleString("en")}`,
      look: "look-changed",
      dash: [8, 3],
      words: () => "",
    },
  ];
  const options = (ink: Ink): Omit<uPlot.Options, "width" | "height"> => ({
    scales: { y: { distr: 3, range: () => [...rangeOf(path)] } },
    axes: [
      timeAxisOf(ink),
      axisOf(ink, {
        size: axisWidth,
        splits: () => powersIn(rangeOf(path)),
        // Without this, powers whose names would be close to others have none.
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map(tickWords),
      }),
    ],
    series: [
      {},
      { stroke: ink.colour("--accent"), width: 1.5, points: { show: times.length < 60, size: 5 } },
      { stroke: ink.colour("--state-drifting"), width: 1, dash: [2, 3], points: { show: false } },
      { stroke: ink.colour("--changed"), width: 1.5, dash: [8, 3], points: { show: false } },
    ],
    cursor: { drag: { x: true, y: false } },
    hooks: { draw: [(plot) => markChanges(plot, ink, changes), (plot) => nameLines(plot, ink, threshold)] },
  });
  const shown = place.value ?? times.length - 1;
  const words = pointWords(path, shown);
  return (
    <>
      <Plot
        label={pathLabel(primitive, path)}
        data={data}
        height={HEIGHT}
        keys={keys}
        options={options}
        place={place}
      />
      <label class="path-walk small">
        <span class="hidden">Go through the observations</span>
        <input
          type="range"
          min={0}
          max={times.length - 1}
          value={shown}
          aria-valuetext={words}
          onInput={(event) => {
            place.value = event.currentTarget.valueAsNumber;
          }}
        />
      </label>
      <p class="small path-words">{words}</p>
    </>
  );
}

function tickWords(value: number): string {
  return value >= 1e6 ? value.toExponential(0).replace("+", "") : value.toLocaleString("en");
}

/** A line and a diamond where each change began. */
function markChanges(plot: uPlot, ink: Ink, changes: readonly ProvenChange[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = ink.colour("--changed");
  ctx.lineWidth = devicePixelRatio * 1.5;
  ctx.setLineDash([]);
  const size = 5 * devicePixelRatio;
  for (const { since_ts: ts } of changes) {
    const x = plot.valToPos(ts, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    const y = bbox.top + size;
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
    ctx.fill();
  }
  ctx.restore();
}

/** Names both lines at their left ends. */
function nameLines(plot: uPlot, ink: Ink, threshold: number): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  const gap = 4 * devicePixelRatio;
  const name = (words: string, at: number, colour: string) => {
    ctx.fillStyle = ink.colour(colour);
    ctx.fillText(words, bbox.left + gap, plot.valToPos(at, "y", true) - gap / 2);
  };
  name(`noted: ${NOTED_AT}`, NOTED_AT, "--state-drifting");
  name(`changed: ${threshold.toLocaleString("en")}`, threshold, "--changed");
  ctx.restore();
}
