/** How uPlot draws a series: its lines, its axes, and what is shaded below them. */
import uPlot from "uplot";
import type { AttributionEvent, Explanation } from "../schemas.ts";
import type { SeriesKind } from "../series.ts";
import { shortNumber } from "../words.ts";
import { axisOf, type Ink, type Key, timeAxisOf } from "./plot.tsx";

/** What the lines of a number are. */
export const LINE_KEYS: readonly Key[] = [
  { label: "observed", look: "look-observed", dash: null, words: shortNumber },
  { label: "mean (EWMA)", look: "look-mean", dash: [], words: shortNumber },
];
/** What the line of other values is; its words are those of its lanes. */
export const VALUE_KEY = { label: "value", look: "look-observed", dash: [] } as const;

/** Width of the axis of values, px. */
export function axisWidthOf(kind: SeriesKind, isNarrow: boolean): number {
  return kind === "line" ? 60 : isNarrow ? 84 : 132;
}

function pointsOf(ink: Ink) {
  return { show: true, size: 7, width: 1.5, stroke: ink.colour("--accent"), fill: ink.colour("--card") };
}

/** A number over time: points, and the line of their moving mean. */
export function lineOptions(ink: Ink) {
  return {
    axes: [timeAxisOf(ink), axisOf(ink, { size: axisWidthOf("line", false) })],
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

/** Values over time, a lane for each. @param names - of the lanes, from below */
export function laneOptions(ink: Ink, names: readonly string[], isNarrow: boolean) {
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return {
    scales: { y: { range: [-0.6, Math.max(0.6, names.length - 0.4)] as [number, number] } },
    axes: [
      timeAxisOf(ink),
      axisOf(ink, {
        size: axisWidthOf("bands", isNarrow),
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
export function shade(
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
