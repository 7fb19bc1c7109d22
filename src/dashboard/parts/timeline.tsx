/**
 * The loaded transitions of an identity, a lane for each primitive. Tab stops at one of the marks; the arrow keys move
 * from it to the others.
 */
import { useSignal } from "@preact/signals";
import { byDomain, domainWords, nameInDomain } from "../domains.ts";
import { eventWords } from "../explain.ts";
import { useIsNarrow } from "../narrow.ts";
import type { AttributionEvent } from "../schemas.ts";
import { type Grid, gridOf, percentOf, type Span, type Turn, turnsOf } from "../series.ts";
import { stepOf } from "../timeline-steps.ts";
import { axisTimes, counted, exactTime, plainWords } from "../words.ts";
import { ChangeMark, Mark } from "./mark.tsx";
import { Later } from "./strip.tsx";

/** About how many lines there are. */
const LINES = { wide: 8, narrow: 3 };

interface Props {
  readonly events: readonly AttributionEvent[];
  readonly span: Span;
  readonly atTs: number | null;
  readonly choose: (ts: number) => void;
  /** Ids of events that came while the page was open. */
  readonly fresh: ReadonlySet<string>;
}

export function Timeline({ events, span, atTs, choose, fresh }: Props) {
  const held = useSignal<string | null>(null);
  const isNarrow = useIsNarrow();
  const turns = turnsOf(events);
  const groups = byDomain(
    [...Map.groupBy(turns, ({ primitive }) => primitive)].map(([primitive, members]) => ({
      primitive,
      members: members.toSorted((a, b) => a.ts - b.ts),
    })),
  );
  const lanes = groups.flatMap(({ members }) => members);
  const rows = lanes.map(({ members }) => members.map(({ event, ts }) => ({ id: event.id, ts })));
  // The mark that Tab goes to: the one last visited, else the newest.
  const newest = turns.reduce<Turn | null>((best, each) => (best && best.ts > each.ts ? best : each), null);
  const stop = turns.some(({ event }) => event.id === held.value) ? held.value : newest?.event.id;
  const grid = gridOf(span, isNarrow ? LINES.narrow : LINES.wide);
  const move = (event: KeyboardEvent) => {
    const mark = event.target instanceof Element ? event.target.closest("button[data-id]") : null;
    const next = stepOf(rows, mark?.getAttribute("data-id") ?? "", event.key);
    if (!(event.currentTarget instanceof Element) || next === null) return;
    event.preventDefault();
    held.value = next;
    const found = event.currentTarget.querySelector(`button[data-id="${CSS.escape(next)}"]`);
    if (found instanceof HTMLElement) found.focus();
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/no-noninteractive-element-interactions -- keys of the buttons within
    <div class="timeline" role="group" aria-labelledby="timeline-title" onKeyDown={move}>
      <div class="timeline-frame">
        <GridLayer grid={grid} span={span} atTs={atTs} />
        {groups.map(({ domain, members }) => (
          <div key={domain} class="lane-group">
            <h3 class="lane-domain">{domainWords(domain)}</h3>
            {members.map(({ primitive, members: marks }) => (
              <div
                class="lane"
                key={primitive}
                role="group"
                aria-label={`${primitive}: ${counted(marks.length, "mark")}`}
              >
                <span class="lane-name" title={primitive}>
                  {nameInDomain(primitive)}
                </span>
                <div class="lane-line">
                  {marks.map((turn) => (
                    <TurnMark
                      key={turn.event.id}
                      turn={turn}
                      left={percentOf(turn.ts, span)}
                      isStop={turn.event.id === stop}
                      isChosen={atTs !== null && Math.ceil(turn.ts) === atTs}
                      isLater={atTs !== null && turn.ts > atTs}
                      isFresh={fresh.has(turn.event.id)}
                      choose={choose}
                    />
                  ))}
                </div>
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

function TurnMark({
  turn: { event, primitive, state, ts },
  left,
  isStop,
  isChosen,
  isLater,
  isFresh,
  choose,
}: {
  turn: Turn;
  /** Percent from the left. */
  left: number;
  isStop: boolean;
  isChosen: boolean;
  /** Whether it is later than what is shown. */
  isLater: boolean;
  isFresh: boolean;
  choose: (ts: number) => void;
}) {
  const words = `${plainWords(eventWords(event))}, ${exactTime(ts)}`;
  return (
    <button
      type="button"
      class="turn-mark"
      style={{ left: `${left}%` }}
      data-id={event.id}
      data-fresh={isFresh}
      data-later={isLater}
      tabIndex={isStop ? 0 : -1}
      aria-label={`${primitive}: ${words}`}
      aria-current={isChosen ? "time" : undefined}
      title={words}
      onClick={() => choose(ts)}
    >
      {state === null ? <ChangeMark /> : <Mark state={state} />}
    </button>
  );
}

/** Lines of time through all lanes with their labels; dims what is later than the time that is shown. */
function GridLayer({ grid, span, atTs }: { grid: Grid; span: Span; atTs: number | null }) {
  const names = axisTimes(grid.times, grid.stepSecs);
  return (
    <svg class="timeline-grid" aria-hidden="true">
      {grid.times.map((ts, i) => {
        const x = `${percentOf(ts, span)}%`;
        const [name = "", below = ""] = (names[i] ?? "").split("\n");
        return (
          <g key={ts}>
            <line class="grid" x1={x} x2={x} y1={32} y2="100%" />
            <text x={x} y={12} text-anchor="middle">
              {name}
            </text>
            <text class="below" x={x} y={26} text-anchor="middle">
              {below}
            </text>
          </g>
        );
      })}
      {atTs !== null && <Later span={span} atTs={atTs} />}
    </svg>
  );
}
