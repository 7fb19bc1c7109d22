/** Chooses the time as of which the states are shown. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { setView } from "../route.ts";
import type { Span } from "../series.ts";
import { exactTime, shortTime } from "../words.ts";

/** How long the slider must rest before the states are read, ms. */
const REST_MS = 150;

interface Props {
  readonly span: Span;
  /** Epoch seconds; null for now. */
  readonly atTs: number | null;
  /** When something changed, ascending, epoch seconds. */
  readonly turns: readonly number[];
  /** Loads earlier changes; null if all are known. */
  readonly loadOlder: (() => void) | null;
}

export function TimeSlider({ span, atTs, turns, loadOlder }: Props) {
  // Rounded up, so that the first observation is included.
  const from = Math.ceil(span.fromTs);
  const to = Math.ceil(span.toTs);
  const moving = useSignal<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const shown = moving.value ?? atTs ?? to;
  const goTo = (ts: number | null) => {
    moving.value = null;
    setView({ at: ts === null || ts >= to ? null : String(ts) });
  };
  const move = (ts: number) => {
    moving.value = ts;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => goTo(ts), REST_MS);
  };
  // Rounded up, because a change is included only as of a time that is not earlier.
  const whole = turns.map((ts) => Math.ceil(ts));
  const before = whole.findLast((ts) => ts < shown);
  const after = whole.find((ts) => ts > shown);
  const isNow = moving.value === null && atTs === null;
  return (
    <section class="card slider" aria-label="Time">
      <p class="ends quiet small" aria-hidden="true">
        {shortTime(span.fromTs)} – {shortTime(span.toTs)}
      </p>
      <label for="as-of">
        {isNow ? (
          <>
            States as they are <b>now</b>
          </>
        ) : (
          <>
            States as of <b>{exactTime(shown)}</b>
          </>
        )}
      </label>
      <div class="slider-row">
        <button
          type="button"
          aria-label="previous change"
          disabled={before === undefined && loadOlder === null}
          onClick={() => (before === undefined ? loadOlder?.() : goTo(before))}
        >
          <span aria-hidden="true">←</span> change
        </button>
        <input
          id="as-of"
          type="range"
          min={from}
          max={to}
          step={1}
          value={Math.min(shown, to)}
          aria-valuetext={isNow ? "now" : exactTime(shown)}
          onInput={(event) => move(event.currentTarget.valueAsNumber)}
          onKeyDown={(event) => {
            const big = { PageUp: 1, PageDown: -1, ArrowRight: 0.1, ArrowLeft: -0.1 }[event.key];
            if (big === undefined) return;
            event.preventDefault();
            move(Math.round(Math.min(to, Math.max(from, shown + (big * (to - from)) / 10))));
          }}
        />
        <button type="button" aria-label="next change" disabled={isNow} onClick={() => goTo(after ?? null)}>
          change <span aria-hidden="true">→</span>
        </button>
        <button type="button" disabled={isNow} onClick={() => goTo(null)}>
          Now
        </button>
      </div>
    </section>
  );
}
