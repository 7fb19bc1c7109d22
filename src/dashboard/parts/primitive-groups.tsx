/** The primitives of an identity by domain, each a row that opens. */
import { byDomain, domainWords, nameInDomain } from "../domains.ts";
import { setView, url } from "../route.ts";
import type { AttributionEvent, Explanation, Observation, Primitive } from "../schemas.ts";
import { lastExplanations, type Span } from "../series.ts";
import { counted, valueWords } from "../words.ts";
import { Badge } from "./mark.tsx";
import { Empty } from "./notice.tsx";
import { SeriesChart } from "./series-chart.tsx";
import { Strip } from "./strip.tsx";
import { Since } from "./time.tsx";
import { Transitions } from "./transitions.tsx";

interface Props {
  readonly uuid: string;
  readonly primitives: readonly Primitive[];
  readonly strips: ReadonlyMap<string, readonly Observation[]>;
  readonly events: readonly AttributionEvent[];
  readonly span: Span;
  readonly atTs: number | null;
  readonly version: string;
}

export function PrimitiveGroups(props: Props) {
  const { primitives, events, atTs } = props;
  const known = events.filter(({ payload }) => atTs === null || (payload.ts ?? 0) <= atTs);
  const explanations = lastExplanations(known);
  const open = url.value.searchParams.get("open");
  if (primitives.length === 0) {
    return <Empty title="No states.">Nothing had been observed by then. Move the slider to the right.</Empty>;
  }
  return (
    <>
      {byDomain(primitives).map(({ domain, members }) => (
        <section class="card domain" key={domain} aria-labelledby={`domain-${domain}`}>
          <h2 id={`domain-${domain}`}>{domainWords(domain)}</h2>
          {members.map((primitive) => (
            <PrimitiveRow
              {...props}
              key={primitive.primitive}
              primitive={primitive}
              explanation={explanations.get(primitive.primitive) ?? null}
              isOpen={open === primitive.primitive}
            />
          ))}
        </section>
      ))}
    </>
  );
}

interface RowProps extends Omit<Props, "primitives"> {
  readonly primitive: Primitive;
  readonly explanation: Explanation | null;
  readonly isOpen: boolean;
}

function PrimitiveRow({
  uuid,
  primitive,
  explanation,
  isOpen,
  strips,
  events,
  span,
  atTs,
  version,
}: RowProps) {
  const { primitive: name, state, current_value: value, confidence, observation_count: count } = primitive;
  const panelId = `panel-${name}`;
  return (
    <div class="primitive" data-primitive={name} data-state={state}>
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
        </button>
        <span class="value" title={valueWords(value)}>
          {valueWords(value)}
        </span>
        <Badge state={state} />
        <span class="confidence" title={`confidence ${confidence.toFixed(3)}`}>
          <meter min={0} max={1} value={confidence} aria-label="confidence" />
          {Math.round(confidence * 100)} %
        </span>
        <span class="count quiet small">{counted(count, "obs.", "obs.")}</span>
        <span class="since quiet small">
          <Since ts={primitive.last_change_ts} untilTs={atTs} />
        </span>
        <Strip observations={strips.get(name) ?? []} explanation={explanation} span={span} atTs={atTs} />
      </div>
      <div id={panelId} class="panel" hidden={!isOpen}>
        {isOpen && (
          <Panel uuid={uuid} name={name} explanation={explanation} events={events} version={version} />
        )}
      </div>
    </div>
  );
}

function Panel({
  uuid,
  name,
  explanation,
  events,
  version,
}: {
  uuid: string;
  name: string;
  explanation: Explanation | null;
  events: readonly AttributionEvent[];
  version: string;
}) {
  const own = events.filter(({ payload }) => payload.primitive === name);
  return (
    <>
      <SeriesChart
        uuid={uuid}
        primitive={name}
        explanation={explanation}
        transitions={own}
        version={version}
      />
      <h3>{counted(own.length, "transition")}</h3>
      <Transitions events={own} isNaming={false} />
    </>
  );
}
