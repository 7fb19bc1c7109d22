/** The transitions that came while the page was open. */
import { eventWords } from "../explain.ts";
import { arrived } from "../live.ts";
import { shortUuid } from "../words.ts";
import { ChangeMark, Mark } from "./mark.tsx";
import { WithValues } from "./sentence.tsx";
import { Ago } from "./time.tsx";

const SHOWN = 4;

export function Arrivals() {
  const events = arrived.value.filter(({ type }) => type !== "formed").slice(0, SHOWN);
  return (
    <section class="arrivals" aria-label="Just published" aria-live="polite" data-empty={events.length === 0}>
      {events.map((event) => {
        const uuid = event.payload.identity_uuid ?? event.payload.winner_uuid ?? "";
        const { primitive, new_state: state } = event.payload;
        return (
          <a
            class="arrival"
            key={event.id}
            href={`/identity/${uuid}${primitive === undefined ? "" : `?open=${primitive}`}`}
          >
            {state && <Mark state={state} />}
            {event.type === "evidence.changed" && <ChangeMark />}
            <span class="arrival-words">
              <b>{primitive ?? ""}</b> <WithValues text={eventWords(event)} />
            </span>
            <span class="quiet small">
              <code>{shortUuid(uuid)}</code> · <Ago ts={event.ts} />
            </span>
          </a>
        );
      })}
    </section>
  );
}
