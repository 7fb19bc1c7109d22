/** Times in words, with the exact time as a tooltip. */
import type { ComponentChildren } from "preact";
import { nowTs } from "../resource.ts";
import { ago, duration, exactTime } from "../words.ts";

/** Words for a time. @param ts - epoch seconds */
export function Time({ ts, children }: { ts: number; children: ComponentChildren }) {
  return (
    <time dateTime={new Date(ts * 1_000).toISOString()} title={exactTime(ts)}>
      {children}
    </time>
  );
}

/** How long ago something was. @param ts - epoch seconds, or null for never */
export function Ago({ ts }: { ts: number | null }) {
  if (ts === null) return <span class="quiet">–</span>;
  return <Time ts={ts}>{ago(ts, nowTs.value)}</Time>;
}

/** Since when something holds. @param untilTs - as of when; now, where nothing else is asked for */
export function Since({ ts, untilTs }: { ts: number; untilTs: number | null }) {
  return <Time ts={ts}>since {duration(Math.max(0, (untilTs ?? nowTs.value) - ts))}</Time>;
}
