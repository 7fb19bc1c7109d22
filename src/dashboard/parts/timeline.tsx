/** Every transition of an identity over all of its primitives: what changed together stands in one column. */
import { byDomain, domainWords, nameInDomain } from "../domains.ts";
import { eventWords } from "../explain.ts";
import type { AttributionEvent } from "../schemas.ts";
import { gridOf, placeOf, type Span } from "../series.ts";
import { exactTime, shortDay, shortTime } from "../words.ts";
import { StatePath } from "./mark.tsx";
import { Later } from "./strip.tsx";

const LANE_HEIGHT = 22;
const DAY_SECS = 86_400;

interface Props {
  readonly events: readonly AttributionEvent[];
  readonly span: Span;
  readonly atTs: number | null;
  readonly choose: (ts: number) => void;
}

export function Timeline({ events, span, atTs, choose }: Props) {
  const turns = events.flatMap((event) => {
    const { primitive, new_state: state, ts } = event.payload;
    return primitive === undefined || state === undefined || ts === undefined
      ? []
      : [{ event, primitive, state, ts }];
  });
  const lanes = byDomain(
    [...Map.groupBy(turns, ({ primitive }) => primitive)].map(([primitive, members]) => ({
      primitive,
      members,
    })),
  );
  const grid = gridOf(span);
  const name = span.toTs - span.fromTs > 2 * DAY_SECS ? shortDay : shortTime;
  return (
    <div class="timeline">
      <div class="lane axis" aria-hidden="true">
        <span />
        <svg height={18}>
          {grid.map((ts) => (
            <text key={ts} x={`${placeOf(ts, span)}%`} y={13} text-anchor="middle">
              {name(ts)}
            </text>
          ))}
        </svg>
      </div>
      {lanes.map(({ domain, members }) => (
        <div key={domain} class="lane-group">
          <h3 class="lane-domain">{domainWords(domain)}</h3>
          {members.map(({ primitive, members: marks }) => (
            <div class="lane" key={primitive}>
              <span class="lane-name" title={primitive}>
                {nameInDomain(primitive)}
              </span>
              <svg
                height={LANE_HEIGHT}
                role="img"
                aria-label={`${primitive}: ${marks.length} transitions, the last: ${lastWords(marks)}`}
              >
                {grid.map((ts) => (
                  <line
                    key={ts}
                    class="grid"
                    x1={`${placeOf(ts, span)}%`}
                    x2={`${placeOf(ts, span)}%`}
                    y1={0}
                    y2={LANE_HEIGHT}
                  />
                ))}
                {marks.map(({ event, state, ts }) => (
                  <svg
                    key={event.id}
                    class="turn-mark"
                    x={`${placeOf(ts, span)}%`}
                    onClick={() => choose(ts)}
                  >
                    <title>{`${eventWords(event)}, ${exactTime(ts)}`}</title>
                    <StatePath state={state} x={0} y={LANE_HEIGHT / 2} />
                  </svg>
                ))}
                {atTs !== null && <Later span={span} atTs={atTs} />}
              </svg>
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}

function lastWords(marks: readonly { readonly event: AttributionEvent }[]): string {
  const last = marks.at(-1);
  return last ? eventWords(last.event) : "none";
}
