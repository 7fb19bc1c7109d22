/** The primitives of an identity by domain, each a row that opens. */
import { disagreementOf } from "../disagreement.ts";
import { byDomain, domainWords, nameInDomain } from "../domains.ts";
import { setView, url } from "../route.ts";
import type { Point } from "../identity-facts.ts";
import { nowTs } from "../resource.ts";
import type { AttributionEvent, Evidence, Explanation, Primitive, SeriesEvidence } from "../schemas.ts";
import { kindOf, lastExplanations, type Span } from "../series.ts";
import { counted, exactTime, shortTime, valueWords } from "../words.ts";
import { Badge, ChangeMark } from "./mark.tsx";
import { Empty } from "./notice.tsx";
import { SeriesChart } from "./series-chart.tsx";
import { Strip } from "./strip.tsx";
import { StripEvidence } from "./strip-evidence.tsx";
import { Since } from "./time.tsx";
import { Transitions } from "./transitions.tsx";

interface Props {
  readonly uuid: string;
  readonly primitives: readonly Primitive[];
  /** The newest observations of each primitive, as far as they are known. */
  readonly points: ReadonlyMap<string, readonly Point[]>;
  readonly events: readonly AttributionEvent[];
  /** Whether there are older events that are not loaded. */
  readonly hasOlder: boolean;
  readonly span: Span;
  readonly atTs: number | null;
  /** Ids of events that came while the page was open. */
  readonly fresh: ReadonlySet<string>;
  /** Evidence now; null if it could not be read. */
  readonly evidence: Evidence | null;
  /** Changes when an event says that the evidence changed. */
  readonly evidenceVersion: string;
}

const NO_POINTS: readonly Point[] = [];

export function PrimitiveGroups(props: Props) {
  const { primitives, events, atTs } = props;
  const known = events.filter(({ payload }) => atTs === null || (payload.ts ?? 0) <= atTs);
  const explanations = lastExplanations(known);
  const evidenceOf = new Map(props.evidence?.change.map((each) => [each.primitive, each]));
  const byPrimitive = Map.groupBy(events, ({ payload }) => payload.primitive);
  const open = url.value.searchParams.get("open");
  if (primitives.length === 0) {
    return <Empty title="No states.">Nothing had been observed by then. Move the slider to the right.</Empty>;
  }
  return (
    <section class="card primitives" aria-labelledby="primitives-title">
      <h2 id="primitives-title">Primitives</h2>
      <ColumnHeads span={props.span} />
      {byDomain(primitives).map(({ domain, members }) => (
        <section class="domain" key={domain} aria-labelledby={`domain-${domain}`}>
          <h3 id={`domain-${domain}`}>{domainWords(domain)}</h3>
          {members.map((primitive) => (
            <PrimitiveRow
              {...props}
              key={primitive.primitive}
              primitive={primitive}
              explanation={explanations.get(primitive.primitive) ?? null}
              series={evidenceOf.get(primitive.primitive) ?? null}
              events={byPrimitive.get(primitive.primitive) ?? []}
              isOpen={open === primitive.primitive}
            />
          ))}
        </section>
      ))}
      <StripLegend />
    </section>
  );
}

/** Column heads; hidden on a narrow screen, where each row has labels of its own. */
function ColumnHeads({ span }: { span: Span }) {
  return (
    <div class="primitive-row column-heads" aria-hidden="true">
      <span />
      <span>Value</span>
      <span>State</span>
      <span>Since</span>
      <span>Confidence</span>
      <span>Seen</span>
      <span class="ends">
        <span title={exactTime(span.fromTs)}>{shortTime(span.fromTs)}</span>
        <span title={exactTime(span.toTs)}>{shortTime(span.toTs)}</span>
      </span>
    </div>
  );
}

function StripLegend() {
  return (
    <p class="strip-legend quiet small">
      <span>
        <i class="window-key window-key-recent" /> recent window of the last transition
      </span>
      <span>
        <i class="window-key window-key-older" /> the older one it was compared with
      </span>
      <span>
        <svg class="sample look-mean" width={22} height={10} aria-hidden="true">
          <line x1={0} x2={22} y1={5} y2={5} />
        </svg>{" "}
        moving mean (EWMA) of numbers
      </span>
      <span>
        <svg class="sample look-mean" width={8} height={12} aria-hidden="true">
          <line x1={4} x2={4} y1={0} y2={12} />
        </svg>{" "}
        rotation of a hash
      </span>
      <span>
        <ChangeMark /> proven change
      </span>
      <span>E: evidence of a change; the lines of its scale are “noted” and “changed”</span>
    </p>
  );
}

/** Props of one primitive; `events` are those of the primitive. */
interface RowProps extends Omit<Props, "primitives"> {
  readonly primitive: Primitive;
  readonly explanation: Explanation | null;
  readonly series: SeriesEvidence | null;
  readonly isOpen: boolean;
}

function PrimitiveRow({
  uuid,
  primitive,
  explanation,
  series,
  isOpen,
  points,
  events,
  hasOlder,
  span,
  atTs,
  fresh,
  evidence,
  evidenceVersion,
}: RowProps) {
  const { primitive: name, state, current_value: value, confidence, observation_count: count } = primitive;
  const panelId = `panel-${name}`;
  const known = points.get(name) ?? NO_POINTS;
  const isFresh = events.some(({ id }) => fresh.has(id));
  // The evidence of an earlier time is not loaded.
  const disagreement =
    atTs !== null || series === null
      ? null
      : disagreementOf(
          {
            state,
            lastChangeTs: primitive.last_change_ts,
            lastObservationTs: primitive.last_observation_ts,
            explanation,
          },
          series,
          evidence?.operators.estimate ?? null,
          nowTs.value,
        );
  return (
    <div class="primitive" data-primitive={name} data-state={state} data-fresh={isFresh}>
      <div class="primitive-row">
        <button
          type="button"
          class="primitive-name"
          aria-expanded={isOpen}
          aria-controls={panelId}
          title={name}
          onClick={() => setView({ open: isOpen ? null : name }, "push")}
        >
          <span class="arrow" aria-hidden="true" />
          {nameInDomain(name)}
          {isFresh && <span class="new-mark">new</span>}
        </button>
        <span class="value" title={valueWords(value)}>
          {valueWords(value)}
        </span>
        <Badge state={state} />
        <span class="since quiet small">
          <Since ts={primitive.last_change_ts} untilTs={atTs} />
        </span>
        <span class="confidence" title={`confidence ${confidence.toFixed(3)}`}>
          <meter min={0} max={1} value={confidence} aria-label="confidence" />
          {Math.round(confidence * 100)} %
        </span>
        <span class="count quiet small" title={counted(count, "observation")}>
          {count.toLocaleString("en")}×
        </span>
        <div class="strip-cell">
          <Strip observations={known} explanation={explanation} span={span} atTs={atTs} />
          {primitive.evidence && (
            <StripEvidence
              primitive={name}
              e={primitive.evidence.e}
              series={series}
              span={span}
              atTs={atTs}
            />
          )}
        </div>
      </div>
      {disagreement !== null && (
        <p class="disagreement small">
          <span class="disagreement-mark">Rule and evidence differ.</span> {disagreement}
        </p>
      )}
      <div id={panelId} class="panel" hidden={!isOpen}>
        {isOpen && (
          <Panel
            uuid={uuid}
            name={name}
            explanation={explanation}
            series={series}
            evidenceVersion={evidenceVersion}
            events={events}
            hasOlder={hasOlder}
            known={known}
            fresh={fresh}
          />
        )}
      </div>
    </div>
  );
}

function Panel({
  uuid,
  name,
  explanation,
  series,
  evidenceVersion,
  events,
  hasOlder,
  known,
  fresh,
}: Pick<RowProps, "uuid" | "explanation" | "series" | "evidenceVersion" | "events" | "hasOlder" | "fresh"> & {
  name: string;
  known: readonly Point[];
}) {
  const isBag =
    kindOf(
      known.map(({ value }) => value),
      explanation,
    ) === "bags";
  return (
    <>
      {isBag ? (
        <p class="quiet small">
          Each value is a bag of hashed words, one bag per session. Bags have no state and are not drawn: only
          evidence reads them.
        </p>
      ) : (
        <SeriesChart
          uuid={uuid}
          primitive={name}
          explanation={explanation}
          transitions={events}
          known={known}
          evidence={series}
          evidenceVersion={evidenceVersion}
        />
      )}
      <h4>
        {counted(events.length, "event")}
        {hasOlder ? " among the events that are loaded" : ""}
      </h4>
      <Transitions events={events} isNaming={false} fresh={fresh} />
    </>
  );
}
