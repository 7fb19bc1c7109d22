/** A shape for each state and for proven changes, so that they differ by more than colour. */
import { type State, STATES } from "../schemas.ts";
import { STATE_WORDS } from "../words.ts";

/** Paths in a box of 12 by 12. */
const SHAPES: Record<State, string> = {
  stable: "M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Z",
  drifting: "M6 1 11.2 10.5H.8Z",
  conflicted: "M2.4 1 6 4.6 9.6 1 11 2.4 7.4 6 11 9.6 9.6 11 6 7.4 2.4 11 1 9.6 4.6 6 1 2.4Z",
  multi_actor: "M1 1h6v2.6H3.6V7H1Zm4 4h6v6H5Z",
  unknown: "M6 1.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6Zm0 1.9a2.9 2.9 0 1 1 0 5.8 2.9 2.9 0 0 1 0-5.8Z",
};

/** The shape of a proven change. */
export const CHANGE_SHAPE = "M6 .4 11.6 6 6 11.6.4 6Z";

/** A state's shape by itself. */
export function Mark({ state }: { state: State }) {
  return <Shape name={state} path={SHAPES[state]} />;
}

/** A proven change by itself. */
export function ChangeMark() {
  return <Shape name="changed" path={CHANGE_SHAPE} />;
}

function Shape({ name, path }: { name: string; path: string }) {
  return (
    <svg class="mark-box" viewBox="0 0 12 12" aria-hidden="true">
      <path class={`mark mark-${name}`} d={path} />
    </svg>
  );
}

/** A state in shape and word, with a count where there are several. */
export function Badge({ state, count }: { state: State; count?: number }) {
  return (
    <span class={`badge badge-${state}`}>
      <Mark state={state} />
      {count !== undefined && <b>{count}</b>}
      <span class={count === undefined ? "" : "badge-word"}>{STATE_WORDS[state]}</span>
    </span>
  );
}

/** How many primitives are in each state; states without one are left out. */
export function StateCounts({ states }: { states: Readonly<Record<State, number>> }) {
  const present = STATES.filter((state) => states[state] > 0);
  if (present.length === 0) return <span class="quiet">none yet</span>;
  return (
    <span class="badges">
      {present.map((state) => (
        <Badge key={state} state={state} count={states[state]} />
      ))}
    </span>
  );
}
