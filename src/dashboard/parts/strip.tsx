/**
 * A strip: the newest observations of a primitive over the time of its identity. Bands for categories, a line with the mean for
 * numbers, turns for hashes, marks for bags of words. Below, the windows that decided the last transition: full for recent, hollow for older.
 */
import { keyOf, type Point } from "../identity-facts.ts";
import type { Explanation } from "../schemas.ts";
import { kindOf, lanesOf, movingMeans, percentOf, type SeriesKind, type Span } from "../series.ts";
import { counted, exactTime, valueWords } from "../words.ts";

const HEIGHT = 34;
const TOP = 3;
/** Height of the part that values are drawn in. */
const DEPTH = 21;
/** Lanes at most; further values share the last one. */
const MOST_LANES = 5;
const ABSTAINED = '"unknown"';

interface Props {
  readonly observations: readonly Point[];
  readonly explanation: Explanation | null;
  readonly span: Span;
  /** What is shown as of a time, epoch seconds; later observations are dimmed. */
  readonly atTs: number | null;
}

export function Strip({ observations, explanation, span, atTs }: Props) {
  const values = observations.map(({ value }) => value);
  const kind = kindOf(values, explanation);
  const recent = new Set(explanation?.recent.map(keyOf));
  const older = new Set(explanation?.older.map(keyOf));
  const label = labelOf(kind, observations, recent, older);
  return (
    <svg class="strip" data-kind={kind} role="img" aria-label={label} height={HEIGHT}>
      {kind === "line" && <Line observations={observations} span={span} />}
      {kind === "bags" && <Marks observations={observations} span={span} />}
      {(kind === "bands" || kind === "rotations") && (
        <Bands observations={observations} span={span} isRotating={kind === "rotations"} />
      )}
      {observations.map((each) => {
        const key = keyOf(each);
        const window = recent.has(key) ? "recent" : older.has(key) ? "older" : null;
        if (window === null) return null;
        return (
          <rect
            key={key}
            class={`window window-${window}`}
            x={`calc(${percentOf(each.ts, span)}% - 2.5px)`}
            y={HEIGHT - 6}
            width={5}
            height={4.5}
          />
        );
      })}
      {atTs !== null && <Later span={span} atTs={atTs} />}
    </svg>
  );
}

/** The strip in words, for screen readers. */
function labelOf(
  kind: SeriesKind,
  observations: readonly Point[],
  recent: ReadonlySet<string>,
  older: ReadonlySet<string>,
): string {
  const [first, last] = [observations[0], observations.at(-1)];
  if (!first || !last) return "no observations";
  const values = lanesOf(observations.map(({ value }) => value)).length;
  const how = {
    line: "a line of their mean (EWMA)",
    bands: `${counted(values, "value")} in bands`,
    rotations: `${counted(values, "value")} of a hash`,
    bags: "a mark for each bag of words",
  }[kind];
  const among = (keys: ReadonlySet<string>) => observations.filter((each) => keys.has(keyOf(each))).length;
  return `${counted(observations.length, "observation")}, ${how}, from ${exactTime(first.ts)} to ${exactTime(last.ts)}; marked: ${among(recent)} of the recent window, ${among(older)} of the older`;
}

/** Dims what is later than the time that is shown. */
export function Later({ span, atTs }: { span: Span; atTs: number }) {
  const left = Math.min(100, Math.max(0, percentOf(atTs, span)));
  return (
    <g>
      <rect class="later" x={`${left}%`} y={0} width={`${100 - left}%`} height="100%" />
      <line class="now-line" x1={`${left}%`} x2={`${left}%`} y1={0} y2="100%" />
    </g>
  );
}

function Bands({
  observations,
  span,
  isRotating,
}: {
  observations: readonly Point[];
  span: Span;
  isRotating: boolean;
}) {
  const lanes = lanesOf(observations.map(({ value }) => value)).filter((value) => value !== ABSTAINED);
  const shown = Math.min(Math.max(1, lanes.length), MOST_LANES);
  const pitch = DEPTH / shown;
  return (
    <g>
      {observations.map((each, i) => {
        const text = JSON.stringify(each.value);
        const isAbstaining = text === ABSTAINED;
        const lane = isAbstaining ? shown - 1 : Math.min(lanes.indexOf(text), shown - 1);
        const next = observations[i + 1];
        const from = percentOf(each.ts, span);
        const to = next ? percentOf(next.ts, span) : Math.min(100, from + 1.5);
        const y = TOP + lane * pitch;
        const isTurn = isRotating && i > 0 && JSON.stringify(observations[i - 1]?.value) !== text;
        const height = Math.max(3, pitch - 1);
        return (
          <g key={keyOf(each)} class={isAbstaining ? "abstained" : `lane-${lane}`}>
            <title>{`${valueWords(each.value)}, ${exactTime(each.ts)}`}</title>
            <rect class="band" x={`${from}%`} y={y} width={`${Math.max(0.4, to - from)}%`} height={height} />
            <rect class="seen" x={`${from}%`} y={y} width={2.5} height={height} />
            {isTurn && <line class="turn" x1={`${from}%`} x2={`${from}%`} y1={TOP} y2={TOP + DEPTH} />}
          </g>
        );
      })}
    </g>
  );
}

/** A mark per observation: most bags differ from all others, so lanes of values would say nothing. */
function Marks({ observations, span }: { observations: readonly Point[]; span: Span }) {
  return (
    <g class="lane-0">
      {observations.map((each) => (
        <g key={keyOf(each)}>
          <title>{`${valueWords(each.value)}, ${exactTime(each.ts)}`}</title>
          <rect class="seen" x={`${percentOf(each.ts, span)}%`} y={TOP} width={2.5} height={DEPTH} />
        </g>
      ))}
    </g>
  );
}

function Line({ observations, span }: { observations: readonly Point[]; span: Span }) {
  const numbers = observations.map(({ value }) => (typeof value === "number" ? value : 0));
  const means = movingMeans(numbers);
  const least = Math.min(...numbers);
  const most = Math.max(...numbers);
  const y = (value: number) =>
    most === least ? TOP + DEPTH / 2 : TOP + DEPTH - (DEPTH * (value - least)) / (most - least);
  return (
    <g>
      {observations.map((each, i) => {
        const x = percentOf(each.ts, span);
        const before = observations[i - 1];
        return (
          <g key={keyOf(each)}>
            <title>{`${valueWords(each.value)}, ${exactTime(each.ts)}`}</title>
            {before && (
              <line
                class="mean"
                x1={`${percentOf(before.ts, span)}%`}
                y1={y(means[i - 1] ?? 0)}
                x2={`${x}%`}
                y2={y(means[i] ?? 0)}
              />
            )}
            <circle class="dot" cx={`${x}%`} cy={y(numbers[i] ?? 0)} r={2} />
          </g>
        );
      })}
    </g>
  );
}
