/** A list of events, newest first, each with its explanation. */
import { eventWords, whyWords } from "../explain.ts";
import type { AttributionEvent } from "../schemas.ts";
import { exactTime, valueWords } from "../words.ts";
import { Badge } from "./mark.tsx";

/** @param isNaming - whether the primitive is said: not where all are of one */
export function Transitions({
  events,
  isNaming,
}: {
  events: readonly AttributionEvent[];
  isNaming: boolean;
}) {
  return (
    <ol class="transitions" reversed>
      {events.toReversed().map((event) => (
        <Transition key={event.id} event={event} isNaming={isNaming} />
      ))}
    </ol>
  );
}

function Transition({ event, isNaming }: { event: AttributionEvent; isNaming: boolean }) {
  const { old_state, new_state, current_value, primitive, ts } = event.payload;
  const why = whyWords(event);
  const isErased = new_state !== undefined && event.explanation === undefined;
  return (
    <li>
      <p class="transition-head">
        <time dateTime={new Date((ts ?? event.ts) * 1_000).toISOString()}>{exactTime(ts ?? event.ts)}</time>
        {isNaming && primitive !== undefined && <b>{primitive}</b>}
        {new_state === undefined ? (
          <span>{eventWords(event)}</span>
        ) : (
          <span class="turned">
            {old_state ? <Badge state={old_state} /> : <span class="quiet">first</span>}
            <span aria-label="to">→</span>
            <Badge state={new_state} />
            <span>
              at <b>{valueWords(current_value)}</b>
            </span>
          </span>
        )}
      </p>
      {why.length > 0 && <p class="why">{why.join(" ")}</p>}
      {isErased && <p class="why quiet">What this was made of has been erased, or kept no explanation.</p>}
    </li>
  );
}
