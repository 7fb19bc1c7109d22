/** One identity: who, what is said of it now or as of a time, and when what changed. */
import { IdentityHeader } from "../parts/identity-header.tsx";
import { Await, Empty } from "../parts/notice.tsx";
import { PrimitiveGroups } from "../parts/primitive-groups.tsx";
import { TimeSlider } from "../parts/time-slider.tsx";
import { Timeline } from "../parts/timeline.tsx";
import { Transitions } from "../parts/transitions.tsx";
import { type IdentityFacts, useIdentity, useStates } from "../identity-loader.ts";
import { setView, url } from "../route.ts";
import { spanOf } from "../series.ts";
import { counted } from "../words.ts";

const LISTED_EVENTS = 40;

export function IdentityPage({ uuid }: { uuid: string }) {
  const facts = useIdentity(uuid);
  if (facts.errorCode === "not_found") {
    return (
      <Empty title="No such identity.">
        Nothing is known of <code>{uuid}</code>. <a href="/">All identities</a>
      </Empty>
    );
  }
  return (
    <Await loaded={facts} what="the identity">
      {(value) => <IdentityView uuid={uuid} facts={value} />}
    </Await>
  );
}

function IdentityView({ uuid, facts }: { uuid: string; facts: IdentityFacts }) {
  const { identity, strips, events, fresh } = facts;
  const at = Number(url.value.searchParams.get("at") ?? Number.NaN);
  const atTs = Number.isFinite(at) && at > 0 ? at : null;
  const version = `${identity.observation_count} ${events.length}`;
  const states = useStates(uuid, atTs, version);
  const turns = events.flatMap(({ payload }) =>
    payload.new_state === undefined || payload.ts === undefined ? [] : [payload.ts],
  );
  const observed = [...strips.values()].flatMap((each) => each.map(({ ts }) => ts));
  const span = spanOf([...observed, ...turns]);
  const ordered = [...new Set(turns)].toSorted((a, b) => a - b);
  return (
    <>
      <IdentityHeader identity={identity} askedUuid={uuid} />
      {span === null ? (
        <Empty title="Nothing was observed yet.">Its first observation makes its first state.</Empty>
      ) : (
        <>
          <TimeSlider span={span} atTs={atTs} turns={ordered} />
          <Await loaded={states} what="the states">
            {(primitives) => (
              <PrimitiveGroups
                uuid={identity.uuid}
                primitives={primitives}
                strips={strips}
                events={events}
                span={span}
                atTs={atTs}
                version={version}
                fresh={fresh}
              />
            )}
          </Await>
          <section class="card" aria-labelledby="timeline-title">
            <h2 id="timeline-title">Timeline</h2>
            <p class="quiet small">
              Every transition, by the time of the observation that brought it. Choose one to see the states
              as of then; arrow keys go from one to the next.
            </p>
            <Timeline
              events={events}
              span={span}
              atTs={atTs}
              fresh={fresh}
              choose={(ts) => setView({ at: String(Math.ceil(ts)) }, "push")}
            />
          </section>
          <section class="card" aria-labelledby="events-title">
            <h2 id="events-title">Events</h2>
            <p class="quiet small">
              {counted(events.length, "event")}
              {facts.isCut ? " read, the oldest" : ""}
              {events.length > LISTED_EVENTS ? `; the newest ${LISTED_EVENTS} of them` : ", newest first"}.
            </p>
            <Transitions events={events.slice(-LISTED_EVENTS)} isNaming fresh={fresh} />
          </section>
        </>
      )}
    </>
  );
}
