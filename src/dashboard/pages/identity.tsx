/** The page of an identity: its attackers, its states now or as of a time, timeline and events. */
import { IdentityHeader } from "../parts/identity-header.tsx";
import { Await, Empty } from "../parts/notice.tsx";
import { SessionStrip } from "../parts/session-strip.tsx";
import { PrimitiveGroups } from "../parts/primitive-groups.tsx";
import { TimeSlider } from "../parts/time-slider.tsx";
import { Timeline } from "../parts/timeline.tsx";
import { Transitions } from "../parts/transitions.tsx";
import type { IdentityFacts } from "../identity-facts.ts";
import { useEvidence } from "../evidence-loader.ts";
import { type LiveIdentity, useIdentity, useStates, useStatesAt } from "../identity-loader.ts";
import type { Loaded } from "../resource.ts";
import { setView, url } from "../route.ts";
import { spanOf, turnsOf } from "../series.ts";
import type { Evidence, Primitive } from "../schemas.ts";
import { counted } from "../words.ts";

const LISTED_EVENTS = 40;

export function IdentityPage({ uuid }: { uuid: string }) {
  const at = Number(url.value.searchParams.get("at") ?? Number.NaN);
  const atTs = Number.isFinite(at) && at > 0 ? at : null;
  const identity = useIdentity(uuid);
  const evidence = useEvidence(uuid, identity.evidenceVersion);
  const now = useStates(uuid, identity.version);
  const then = useStatesAt(uuid, atTs);
  const { facts } = identity;
  if (facts.errorCode === "not_found") {
    return (
      <Empty title="No such identity.">
        Nothing is known of <code>{uuid}</code>. <a href="/">All identities</a>
      </Empty>
    );
  }
  // All of it appears together, so that nothing moves when the rest comes. What fails is left out.
  const isComplete = hasCome(evidence) && hasCome(now);
  return (
    <Await loaded={isComplete ? facts : { ...facts, value: null }} what="the identity">
      {(value) => (
        <IdentityView
          askedUuid={uuid}
          atTs={atTs}
          facts={value}
          identity={identity}
          now={now}
          states={atTs === null ? now : then}
          evidence={evidence}
        />
      )}
    </Await>
  );
}

function hasCome({ value, error }: Loaded<unknown>): boolean {
  return value !== null || error !== null;
}

interface ViewProps {
  readonly askedUuid: string;
  /** Epoch seconds; null for now. */
  readonly atTs: number | null;
  readonly facts: IdentityFacts;
  readonly identity: LiveIdentity;
  readonly now: Loaded<readonly Primitive[]>;
  /** At the time that is shown. */
  readonly states: Loaded<readonly Primitive[]>;
  readonly evidence: Loaded<Evidence>;
}

function IdentityView({ askedUuid, atTs, facts, identity, now, states, evidence }: ViewProps) {
  const { page, points, events, fresh } = facts;
  const turns = turnsOf(events).map(({ ts }) => ts);
  const observed = [...points.values()].flatMap((each) => each.map(({ ts }) => ts));
  const span = spanOf([...observed, ...turns]);
  const ordered = [...new Set(turns)].toSorted((a, b) => a - b);
  const hasOlder = facts.beforeSeq !== null;
  return (
    <>
      <IdentityHeader page={page} primitives={now.value} evidence={evidence} askedUuid={askedUuid} />
      {span === null ? (
        <Empty title="Nothing was observed yet.">Its first observation makes its first state.</Empty>
      ) : (
        <>
          <TimeSlider
            span={span}
            atTs={atTs}
            turns={ordered}
            loadOlder={hasOlder ? identity.loadOlder : null}
          />
          {evidence.value !== null && evidence.value.operators.sessions > 0 && (
            <SessionStrip operators={evidence.value.operators} atTs={atTs} choose={choose} />
          )}
          <Await loaded={states} what="the states">
            {(primitives) => (
              <PrimitiveGroups
                uuid={page.uuid}
                primitives={primitives}
                points={points}
                events={events}
                hasOlder={hasOlder}
                span={span}
                atTs={atTs}
                fresh={fresh}
                evidence={evidence.value}
                evidenceVersion={identity.evidenceVersion}
              />
            )}
          </Await>
          <section class="card" aria-labelledby="timeline-title">
            <h2 id="timeline-title">Timeline</h2>
            <p class="quiet small">
              {hasOlder ? "The newest transitions and proven changes" : "Every transition and proven change"},
              by the time of the observation that brought it. Choose one to see the states as of then; arrow
              keys go from one to the next.
            </p>
            <Timeline events={events} span={span} atTs={atTs} fresh={fresh} choose={choose} />
            {hasOlder && (
              <p>
                <button type="button" disabled={identity.isLoadingOlder} onClick={identity.loadOlder}>
                  {identity.isLoadingOlder ? "Loading …" : "Load older transitions"}
                </button>
              </p>
            )}
          </section>
          <section class="card" aria-labelledby="events-title">
            <h2 id="events-title">Events</h2>
            <p class="quiet small">{eventsLine(events.length, hasOlder)}</p>
            <Transitions events={events.slice(-LISTED_EVENTS)} isNaming fresh={fresh} />
          </section>
        </>
      )}
    </>
  );
}

/** Shows the states as of a time, in whole epoch seconds. */
function choose(ts: number): void {
  setView({ at: String(Math.ceil(ts)) }, "push");
}

/** Which events are listed. */
function eventsLine(loaded: number, hasOlder: boolean): string {
  const which = hasOlder ? `The newest ${counted(loaded, "event")} are loaded` : counted(loaded, "event");
  const listed = loaded > LISTED_EVENTS ? `; the newest ${LISTED_EVENTS} are listed` : "";
  return `${which}${listed}, newest first.`;
}
