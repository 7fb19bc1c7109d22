/** The page of an identity: its attackers, its states now or as of a time, timeline and events. */
import { IdentityHeader } from "../parts/identity-header.tsx";
import { Await, Empty } from "../parts/notice.tsx";
import { PrimitiveGroups } from "../parts/primitive-groups.tsx";
import { TimeSlider } from "../parts/time-slider.tsx";
import { Timeline } from "../parts/timeline.tsx";
import { Transitions } from "../parts/transitions.tsx";
import type { IdentityFacts } from "../identity-facts.ts";
import { type LiveIdentity, useIdentity, useStates, useStatesAt } from "../identity-loader.ts";
import { setView, url } from "../route.ts";
import { spanOf } from "../series.ts";
import { counted } from "../words.ts";

const LISTED_EVENTS = 40;

export function IdentityPage({ uuid }: { uuid: string }) {
  const identity = useIdentity(uuid);
  if (identity.facts.errorCode === "not_found") {
    return (
      <Empty title="No such identity.">
        Nothing is known of <code>{uuid}</code>. <a href="/">All identities</a>
      </Empty>
    );
  }
  return (
    <Await loaded={identity.facts} what="the identity">
      {(facts) => <IdentityView askedUuid={uuid} facts={facts} identity={identity} />}
    </Await>
  );
}

function IdentityView({
  askedUuid,
  facts,
  identity,
}: {
  askedUuid: string;
  facts: IdentityFacts;
  identity: LiveIdentity;
}) {
  const { page, points, events, fresh } = facts;
  const at = Number(url.value.searchParams.get("at") ?? Number.NaN);
  const atTs = Number.isFinite(at) && at > 0 ? at : null;
  const now = useStates(page.uuid, identity.version);
  const then = useStatesAt(page.uuid, atTs);
  const turns = events.flatMap(({ payload }) =>
    payload.new_state === undefined || payload.ts === undefined ? [] : [payload.ts],
  );
  const observed = [...points.values()].flatMap((each) => each.map(({ ts }) => ts));
  const span = spanOf([...observed, ...turns]);
  const ordered = [...new Set(turns)].toSorted((a, b) => a - b);
  const hasOlder = facts.beforeSeq !== null;
  return (
    <>
      <IdentityHeader page={page} primitives={now.value} askedUuid={askedUuid} />
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
          <Await loaded={atTs === null ? now : then} what="the states">
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
              />
            )}
          </Await>
          <section class="card" aria-labelledby="timeline-title">
            <h2 id="timeline-title">Timeline</h2>
            <p class="quiet small">
              {hasOlder ? "The newest transitions" : "Every transition"}, by the time of the observation that
              brought it. Choose one to see the states as of then; arrow keys go from one to the next.
            </p>
            <Timeline
              events={events}
              span={span}
              atTs={atTs}
              fresh={fresh}
              choose={(ts) => setView({ at: String(Math.ceil(ts)) }, "push")}
            />
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

/** Which events are listed. */
function eventsLine(loaded: number, hasOlder: boolean): string {
  const which = hasOlder ? `The newest ${counted(loaded, "event")} are loaded` : counted(loaded, "event");
  const listed = loaded > LISTED_EVENTS ? `; the newest ${LISTED_EVENTS} are listed` : "";
  return `${which}${listed}, newest first.`;
}
