/**
 * A chart, drawn by uPlot, which needs no inline styles. A legend below the canvas names the lines and the values under
 * the pointer as text, because a canvas has none.
 */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { useIsNarrow } from "../narrow.ts";
import type { State } from "../schemas.ts";
import { theme } from "../theme.ts";
import { axisTimes, exactTime } from "../words.ts";
import { Mark } from "./mark.tsx";

/** Colours of the page in its current theme, for the canvas. */
export interface Ink {
  readonly text: string;
  readonly grid: string;
  /** @example colour("--state-stable") */
  readonly colour: (name: string) => string;
}

/** What one line is. */
export interface Key {
  readonly label: string;
  /** Class that gives the sample its colour. */
  readonly look: string;
  /** Of the line; points where there is none. */
  readonly dash: readonly number[] | null;
  readonly state?: State;
  /** A value of it in words. */
  readonly words: (value: number) => string;
}

interface Props {
  readonly label: string;
  readonly data: uPlot.AlignedData;
  readonly height: number;
  readonly keys: readonly Key[];
  readonly options: (ink: Ink) => Omit<uPlot.Options, "width" | "height">;
  /** Indexes of lines that are not drawn. */
  readonly hidden?: ReadonlySet<number>;
  /** Draws a line or leaves it out; without this, all are drawn. */
  readonly toggle?: ((line: number) => void) | undefined;
  /** Index of the data that is looked at, for a chart that can also be gone through by keys. */
  readonly place?: Signal<number | null>;
}

const NOTHING: ReadonlySet<number> = new Set();

export function Plot({ label, data, height, keys, options, hidden = NOTHING, toggle, place }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot | null>(null);
  const own = useSignal<number | null>(null);
  const at = place ?? own;
  const shade = theme.value;
  const isNarrow = useIsNarrow();
  const left = [...hidden].join();
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const ink = inkOf(element);
    const chosen = options(ink);
    const series = chosen.series.map((each, i) => ({ ...each, show: !hidden.has(i - 1) }));
    const hooks = {
      ...chosen.hooks,
      setCursor: [(plot: uPlot) => void (at.value = plot.cursor.idx ?? null)],
    };
    const whole = { ...chosen, series, hooks, legend: { show: false }, width: element.clientWidth, height };
    const plot = new uPlot(whole, data, element);
    drawn.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      at.value = null;
      observer.disconnect();
      plot.destroy();
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `options` and `hidden` are new at each rendering
  }, [data, height, shade, left, isNarrow]);
  const looked = place?.value ?? null;
  useEffect(() => {
    const plot = drawn.current;
    const x = looked === null ? undefined : data[0][looked];
    if (!plot || x === undefined || plot.cursor.idx === looked) return;
    // Without its hook, which would take the nearest index at that pixel.
    plot.setCursor({ left: plot.valToPos(x, "x"), top: 0 }, false);
  }, [looked, data]);
  return (
    <>
      <div class="plot" role="img" aria-label={label} ref={box} />
      <Legend keys={keys} data={data} at={at.value} hidden={hidden} toggle={toggle} />
    </>
  );
}

function Legend({
  keys,
  data,
  at,
  hidden,
  toggle,
}: Pick<Props, "keys" | "data" | "toggle"> & {
  readonly at: number | null;
  readonly hidden: ReadonlySet<number>;
}) {
  const ts = at === null ? undefined : data[0][at];
  return (
    <ul class="legend">
      {keys.map((key, line) => {
        const value = at === null ? undefined : data[line + 1]?.[at];
        const words = value === undefined || value === null ? "" : key.words(value);
        const inside = (
          <>
            <Sample dash={key.dash} look={key.look} />
            {key.state !== undefined && <Mark state={key.state} />}
            {key.label} <b>{words}</b>
          </>
        );
        return (
          <li key={key.label}>
            {toggle === undefined ? (
              <span class="key">{inside}</span>
            ) : (
              <button type="button" class="key" aria-pressed={!hidden.has(line)} onClick={() => toggle(line)}>
                {inside}
              </button>
            )}
          </li>
        );
      })}
      {/* Always there, so that nothing moves when the pointer comes. */}
      <li class="quiet legend-time">{ts === undefined ? "" : exactTime(ts)}</li>
    </ul>
  );
}

function Sample({ dash, look }: Pick<Key, "dash" | "look">) {
  return (
    <svg class={`sample ${look}`} width={26} height={10} aria-hidden="true">
      {dash === null ? (
        <circle cx={13} cy={5} r={3} />
      ) : (
        <line x1={0} x2={26} y1={5} y2={5} stroke-dasharray={dash.join(" ")} />
      )}
    </svg>
  );
}

function inkOf(element: HTMLElement): Ink {
  // Reading a custom property does not resolve it, so each is set on an element and read from there.
  const probe = element.appendChild(document.createElement("i"));
  const colour = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const names = ["--quiet", "--line"].map(colour);
  const known = new Map<string, string>();
  for (const name of COLOURS) known.set(name, colour(name));
  probe.remove();
  return {
    text: names[0] ?? "",
    grid: names[1] ?? "",
    colour: (name) => known.get(name) ?? names[0] ?? "",
  };
}

const COLOURS = [
  "--card",
  "--accent",
  "--text",
  "--window-recent",
  "--window-older",
  "--state-stable",
  "--state-drifting",
  "--state-conflicted",
  "--state-multi_actor",
  "--state-unknown",
  "--changed",
];

/** An axis in the page's colours. */
export function axisOf(ink: Ink, more: uPlot.Axis = {}): uPlot.Axis {
  return {
    stroke: ink.text,
    font: "12px system-ui, sans-serif",
    grid: { stroke: ink.grid, width: 1 },
    ticks: { stroke: ink.grid, width: 1 },
    ...more,
  };
}

/** An axis of time, in the words of the rest of the page. */
export function timeAxisOf(ink: Ink): uPlot.Axis {
  return axisOf(ink, {
    space: 70,
    values: (_, splits, __, ___, stepSecs) => axisTimes(splits, stepSecs),
  });
}
