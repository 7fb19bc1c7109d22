/** A chart, drawn by uPlot: small, quick with thousands of points, and content with a policy without inline styles. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../theme.ts";

/** Colours of the page as it is shown, for a canvas, which knows no style sheets. */
export interface Ink {
  readonly text: string;
  readonly grid: string;
  /** @example colour("--state-stable") */
  readonly colour: (name: string) => string;
}

interface Props {
  readonly label: string;
  readonly data: uPlot.AlignedData;
  readonly height: number;
  readonly options: (ink: Ink) => Omit<uPlot.Options, "width" | "height">;
}

export function Plot({ label, data, height, options }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const shade = theme.value;
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const ink = inkOf(element);
    const plot = new uPlot({ ...options(ink), width: element.clientWidth, height }, data, element);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `options` is a new function at each rendering
  }, [data, height, shade]);
  return <div class="plot" role="img" aria-label={label} ref={box} />;
}

function inkOf(element: HTMLElement): Ink {
  // Custom properties are not resolved when read, so each is tried on an element.
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
  "--accent",
  "--text",
  "--window-recent",
  "--window-older",
  "--state-stable",
  "--state-drifting",
  "--state-conflicted",
  "--state-multi_actor",
  "--state-unknown",
];

/** An axis in the page's ink. */
export function axisOf(ink: Ink, more: uPlot.Axis = {}): uPlot.Axis {
  return {
    stroke: ink.text,
    font: "12px system-ui, sans-serif",
    grid: { stroke: ink.grid, width: 1 },
    ticks: { stroke: ink.grid, width: 1 },
    ...more,
  };
}
