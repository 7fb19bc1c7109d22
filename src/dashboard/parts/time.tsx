/** Times as a distance from now, with the exact time as a tooltip. */
import { nowTs } from "../resource.ts";
import { ago, duration, exactTime } from "../words.ts";

/** How long ago something was. @param ts - epoch seconds, or null for never */
export function Ago({ ts }: { ts: number | null }) {
  if (ts === null) return <span class="quiet">–</span>;
  return (
    <time dateTime={new Date(ts * 1_000).toISOString()} title={exactTime(ts)}>
      {ago(ts, nowTs.value)}
    </time>
  );
}

/** Since when something holds. @param untilTs - as of when; now, where nothing else is asked for */
export function Since({ ts, untilTs }: { ts: number; untilTs: number | null }) {
  return (
    <time dateTime={new Date(ts * 1_000).toISOString()} title={exactTime(ts)}>
      since {duration(Math.max(0, (untilTs ?? nowTs.value) - ts))}
    </time>
  );
}
