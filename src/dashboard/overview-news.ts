/** Applies events to an overview, so that it is not loaded again for them. Pure. */
import type { Overview } from "../http/dashboard/wire.ts";
import type { AttributionEvent } from "./schemas.ts";

const HOUR_SECS = 3_600;
/** Entries of the lists of an overview. */
const LISTED = 8;
/** Primitives of a suspicion that are named. */
const NAMED_PRIMITIVES = 20;

/** The overview after events, in their order. Numbers that events do not tell, such as identities, come with the next load. */
export function overviewAfter(overview: Overview, events: readonly AttributionEvent[]): Overview {
  return events.reduce(afterEvent, overview);
}

function afterEvent(overview: Overview, event: AttributionEvent): Overview {
  const { totals } = overview;
  const counted: Overview = {
    ...overview,
    event_count: overview.event_count + 1,
    totals: { ...totals, events: totals.events === null ? null : totals.events + 1 },
  };
  if (event.type === "profile.multi_actor_suspected") return afterSuspicion(counted, event);
  return afterTransition(counted, event);
}

function afterSuspicion(overview: Overview, { payload }: AttributionEvent): Overview {
  const { identity_uuid: uuid, primitives = [], ts } = payload;
  if (uuid === undefined || ts === undefined) return overview;
  const suspicion = {
    uuid,
    primitives: primitives.slice(0, NAMED_PRIMITIVES),
    primitive_count: primitives.length,
    ts,
  };
  const others = overview.suspicions.filter((each) => each.uuid !== uuid);
  return { ...overview, suspicions: [suspicion, ...others].slice(0, LISTED) };
}

function afterTransition(overview: Overview, { payload }: AttributionEvent): Overview {
  const { identity_uuid: uuid, old_state: before = null, new_state: now, ts } = payload;
  if (uuid === undefined || now === undefined || ts === undefined) return overview;
  const hourTs = Math.floor(ts / HOUR_SECS) * HOUR_SECS;
  const isSame = (turn: Overview["turns"][number]) =>
    turn.hour_ts === hourTs && turn.old_state === before && turn.new_state === now;
  const count = (overview.turns.find(isSame)?.count ?? 0) + 1;
  const turn = { hour_ts: hourTs, old_state: before, new_state: now, count };
  const turns = [...overview.turns.filter((each) => !isSame(each)), turn];
  const known = overview.active.find((each) => each.uuid === uuid);
  const activity = {
    uuid,
    transitions: (known?.transitions ?? 0) + 1,
    last_ts: Math.max(known?.last_ts ?? ts, ts),
  };
  const active = [...overview.active.filter((each) => each.uuid !== uuid), activity];
  const { states } = overview.totals;
  const after = states === null ? null : { ...states, [now]: states[now] + 1 };
  if (after !== null && before !== null) after[before] = Math.max(0, after[before] - 1);
  return {
    ...overview,
    turns: turns.toSorted((a, b) => a.hour_ts - b.hour_ts),
    active: active
      .toSorted((a, b) => b.transitions - a.transitions || b.last_ts - a.last_ts)
      .slice(0, LISTED),
    totals: { ...overview.totals, states: after },
  };
}
