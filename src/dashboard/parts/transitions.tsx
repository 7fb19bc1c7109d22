/** A list of events, newest first, each with its explanation and the observations that decided it. */
import { useSignal } from "@preact/signals";
import { eventWords, evidenceWhyWords, shownExplanation, whyWords, windowMembers } from "../explain.ts";
import type { AttributionEvent, Explanation } from "../schemas.ts";
import { counted, exactTime, shortValue, valueWords } from "../words.ts";
import { Badge } from "./mark.tsx";
import { WithValues } from "./sentence.tsx";
import { SmallTable } from "./small-table.tsx";

interface Props {
  readonly events: readonly AttributionEvent[];
  /** Whether each event names its primitive. */
  readonly isNaming: boolean;
  /** Ids of events that came while the page was open. */
  readonly fresh: ReadonlySet<string>;
}

export function Transitions({ events, isNaming, fresh }: Props) {
  return (
    <ol class="transitions" reversed>
      {events.toReversed().map((event) => (
        <Transition key={event.id} event={event} isNaming={isNaming} isFresh={fresh.has(event.id)} />
      ))}
    </ol>
  );
}

function Transition({
  event,
  isNaming,
  isFresh,
}: {
  event: AttributionEvent;
  isNaming: boolean;
  isFresh: boolean;
}) {
  const { old_state, new_state, current_value, primitive, ts } = event.payload;
  const explanation = shownExplanation(event);
  const evidenceWhy = evidenceWhyWords(event);
  const isErased = new_state !== undefined && explanation === undefined;
  return (
    <li data-fresh={isFresh}>
      <p class="transition-head">
        <time dateTime={new Date((ts ?? event.ts) * 1_000).toISOString()}>{exactTime(ts ?? event.ts)}</time>
        {isNaming && primitive !== undefined && <b>{primitive}</b>}
        {new_state === undefined ? (
          <span>
            <WithValues text={eventWords(event)} />
          </span>
        ) : (
          <span class="turned">
            {old_state ? <Badge state={old_state} /> : <span class="quiet">first</span>}
            <span aria-label="to" role="img">
              →
            </span>
            <Badge state={new_state} />
            <span title={valueWords(current_value)}>
              at <b>{shortValue(current_value)}</b>
            </span>
          </span>
        )}
        {isFresh && <span class="new-mark">new</span>}
      </p>
      {explanation && (
        <>
          <p class="why">
            {whyWords(event).join(" ")}{" "}
            <span class="rule">
              <span class="quiet">Rule</span> <code>{explanation.rule}</code>
            </span>
          </p>
          <Windows explanation={explanation} />
        </>
      )}
      {evidenceWhy !== null && <p class="why">{evidenceWhy}</p>}
      {isErased && <p class="why quiet">What this was made of has been erased, or kept no explanation.</p>}
    </li>
  );
}

/** The observations of both windows with their evidence. Rendered only while open. */
function Windows({ explanation }: { explanation: Explanation }) {
  const isOpen = useSignal(false);
  const count = explanation.recent.length + explanation.older.length;
  return (
    <details
      class="windows small"
      onToggle={(event) => {
        isOpen.value = event.currentTarget.open;
      }}
    >
      <summary>{counted(count, "observation")} with their evidence</summary>
      {isOpen.value && (
        <SmallTable label="Observations that decided" heads={["Window", "Time", "Value", "Evidence"]}>
          {windowMembers(explanation).map((member) => (
            <tr key={`${member.attacker_uuid} ${member.evidence_ref}`}>
              <td>
                {member.window}
                {member.isNew && <b> · came in</b>}
              </td>
              <td>{exactTime(member.ts)}</td>
              <td title={valueWords(member.value)}>{shortValue(member.value, 80)}</td>
              <td>
                <code>{member.evidence_ref}</code>
              </td>
            </tr>
          ))}
        </SmallTable>
      )}
    </details>
  );
}
