/** What stands under a strip: the proven changes on its time axis, and E now on a small logarithmic scale with its two lines. */
import { NOTED_AT } from "../../evidence/constants.ts";
import { changeWords, eWords, levelOf } from "../evidence-words.ts";
import type { ProvenChange, SeriesEvidence } from "../schemas.ts";
import { percentOf, type Span } from "../series.ts";
import { exactTime, plainWords } from "../words.ts";
import { CHANGE_SHAPE } from "./mark.tsx";

const HEIGHT = 12;
const GAUGE = 62;
/** Powers of ten above the threshold at which the scale ends. */
const ABOVE = 0.7;

interface Props {
  readonly primitive: string;
  /** E at the time that is shown; null if it is not known. */
  readonly e: number | null;
  /** Evidence now; null if it could not be read. */
  readonly series: SeriesEvidence | null;
  readonly span: Span;
  readonly atTs: number | null;
}

export function StripEvidence({ primitive, e, series, span, atTs }: Props) {
  const changes = (series?.changes ?? []).filter(({ ts }) => atTs === null || ts <= atTs);
  const isNoted = atTs === null && series !== null && series.noted_ts !== null;
  return (
    <div class="strip-evidence">
      {changes.length > 0 && <Changes primitive={primitive} changes={changes} span={span} />}
      {e !== null && series !== null && (
        <Gauge e={e} threshold={series.threshold} isNoted={isNoted} hasChanged={changes.length > 0} />
      )}
    </div>
  );
}

function Changes({
  primitive,
  changes,
  span,
}: {
  primitive: string;
  changes: readonly ProvenChange[];
  span: Span;
}) {
  const words = (change: ProvenChange) =>
    `${exactTime(change.since_ts)}: ${plainWords(changeWords(primitive, change))}`;
  const label = `changed ${changes.map(words).join(" ")}`;
  return (
    <svg class="change-line" role="img" aria-label={label} height={HEIGHT}>
      {changes.map((change) => {
        const from = percentOf(change.since_ts, span);
        return (
          <g key={change.id}>
            <title>{words(change)}</title>
            <line class="proving" x1={`${from}%`} x2={`${percentOf(change.ts, span)}%`} y1={6} y2={6} />
            <svg class="change-mark" x={`calc(${from}% - 6px)`} width={12} height={12} viewBox="0 0 12 12">
              <path class="mark mark-changed" d={CHANGE_SHAPE} />
            </svg>
          </g>
        );
      })}
    </svg>
  );
}

/** E on a scale from 1 to beyond the threshold. */
function Gauge({
  e,
  threshold,
  isNoted,
  hasChanged,
}: {
  e: number;
  threshold: number;
  isNoted: boolean;
  hasChanged: boolean;
}) {
  const most = Math.log10(threshold) + ABOVE;
  const x = (value: number) => (GAUGE * Math.min(most, Math.max(0, Math.log10(value)))) / most;
  const level = levelOf(isNoted ? Math.max(e, NOTED_AT) : e, threshold);
  const said = level === "none" ? (hasChanged ? "since the change" : "") : level;
  const words = `evidence of a change: E = ${eWords(e)}; noted from ${NOTED_AT}, changed from ${threshold.toLocaleString("en")}`;
  return (
    <span class="gauge" data-level={level} title={words}>
      <svg width={GAUGE} height={8} role="img" aria-label={words}>
        <rect class="gauge-track" y={2.5} width={GAUGE} height={3} />
        <rect class="gauge-fill" y={2.5} width={Math.max(1.5, x(e))} height={3} />
        <line class="gauge-noted" x1={x(NOTED_AT)} x2={x(NOTED_AT)} y1={0} y2={8} />
        <line class="gauge-changed" x1={x(threshold)} x2={x(threshold)} y1={0} y2={8} />
      </svg>
      <span aria-hidden="true">
        E {eWords(e)} {said}
      </span>
    </span>
  );
}
