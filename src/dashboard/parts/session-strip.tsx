/**
 * The last sessions of an identity, a lane for each operator, and why as many are told apart. Tab stops at one of the sessions; the
 * arrow keys move from it to the others.
 */
import { useSignal } from "@preact/signals";
import { estimateWords, habitsOf, sessionWords } from "../operator-words.ts";
import type { Operators } from "../schemas.ts";
import { counted, exactTime, shareWords, shortTime, shortUuid } from "../words.ts";
import { WithValues } from "./sentence.tsx";
import { SmallTable } from "./small-table.tsx";

interface Props {
  readonly operators: Operators;
  readonly atTs: number | null;
  /** Shows the states as of a time, epoch seconds. */
  readonly choose: (ts: number) => void;
}

export function SessionStrip({ operators, atTs, choose }: Props) {
  const { estimate, why } = estimateWords(operators);
  return (
    <section class="card operators" aria-labelledby="operators-title">
      <h2 id="operators-title">Operators</h2>
      <p class="estimate" data-estimate={operators.estimate}>
        <strong>{estimate}.</strong> {why}
      </p>
      {operators.estimate > 1 && (
        <>
          <Strip operators={operators} atTs={atTs} choose={choose} />
          <Legend operators={operators} />
          <Table operators={operators} />
        </>
      )}
    </section>
  );
}

function Strip({ operators, atTs, choose }: Props) {
  const { assignment, groups } = operators;
  const last = assignment.length - 1;
  const held = useSignal<number | null>(null);
  const looked = useSignal<number | null>(null);
  const stop = Math.min(held.value ?? last, last);
  const move = (event: KeyboardEvent) => {
    const to = { ArrowRight: stop + 1, ArrowLeft: stop - 1, Home: 0, End: last }[event.key];
    if (to === undefined || to < 0 || to > last || !(event.currentTarget instanceof Element)) return;
    event.preventDefault();
    held.value = to;
    const found = event.currentTarget.querySelector(`[data-place="${to}"]`);
    if (found instanceof HTMLElement) found.focus();
  };
  const shown = looked.value ?? stop;
  const [first, end] = [assignment[0], assignment[last]];
  return (
    <>
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/no-noninteractive-element-interactions -- keys of the buttons within */}
      <div
        class="sessions"
        role="group"
        aria-label={`${counted(assignment.length, "session")}, oldest first`}
        style={{ "--operators": groups.length }}
        onKeyDown={move}
        onPointerLeave={() => {
          looked.value = null;
        }}
      >
        {assignment.map((session, place) => (
          <button
            type="button"
            class="session"
            key={`${session.start_ts} ${session.attacker_uuid} ${place}`}
            data-place={place}
            data-operator={session.operator}
            data-later={atTs !== null && session.end_ts > atTs}
            tabIndex={place === stop ? 0 : -1}
            aria-label={sessionWords(operators, place)}
            onClick={() => choose(session.end_ts)}
            onFocus={() => {
              held.value = place;
              looked.value = null;
            }}
            onPointerEnter={() => {
              looked.value = place;
            }}
          >
            <span
              class={`session-bar operator-${session.operator}`}
              style={{
                "--lane": session.operator,
                "--sure": Math.max(0.15, session.probability),
              }}
            />
          </button>
        ))}
      </div>
      <p class="sessions-ends quiet small" aria-hidden="true" style={{ "--sessions": assignment.length }}>
        <span>{first && shortTime(first.start_ts)}</span>
        <span>{end && shortTime(end.end_ts)}</span>
      </p>
      <p class="small session-words" aria-hidden="true">
        {sessionWords(operators, shown)}
      </p>
    </>
  );
}

function Legend({ operators }: { operators: Operators }) {
  return (
    <ul class="operator-legend">
      {operators.groups.map(({ operator, sessions, share, first_ts: firstTs, last_ts: lastTs }) => (
        <li key={operator}>
          <i class={`operator-key operator-${operator}`} aria-hidden="true" />
          <b>operator {operator}</b> {counted(sessions, "session")} ({shareWords(share)}),{" "}
          <span title={`${exactTime(firstTs)} to ${exactTime(lastTs)}`}>
            {shortTime(firstTs)} to {shortTime(lastTs)}
          </span>
          <span class="quiet">
            {" "}
            · <WithValues text={habitsOf(operators, operator).join(", ")} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Table({ operators: { assignment } }: { operators: Operators }) {
  return (
    <details>
      <summary>The sessions as a table</summary>
      <SmallTable label="Sessions" heads={["Start", "End", "Operator", "Probability", "Attacker"]}>
        {assignment.toReversed().map((session, i) => (
          <tr key={`${session.start_ts} ${session.attacker_uuid} ${i}`}>
            <td>{exactTime(session.start_ts)}</td>
            <td>{exactTime(session.end_ts)}</td>
            <td>operator {session.operator}</td>
            <td>{shareWords(session.probability)}</td>
            <td>
              <code title={session.attacker_uuid}>{shortUuid(session.attacker_uuid)}</code>
            </td>
          </tr>
        ))}
      </SmallTable>
    </details>
  );
}
