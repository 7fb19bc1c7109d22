/** Loads the overview every 30 s, and applies the events that come in between. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { type Overview, overviewSchema } from "../http/dashboard/wire.ts";
import { ask } from "./api.ts";
import { listen } from "./live.ts";
import { overviewAfter } from "./overview-news.ts";
import { type Loaded, useLoaded } from "./resource.ts";

const EVERY_MS = 30_000;
/** How soon to load again while totals are missing, ms: the Worker is counting them. */
const SOON_MS = 2_000;
/** How often to do so at most. */
const MOST_SOON = 5;

/** The overview, kept up to date. */
export function useOverview(): Loaded<Overview> {
  const loaded = useLoaded("overview", () => ask("/dashboard/overview", overviewSchema), EVERY_MS);
  const changed = useSignal<{ readonly of: Overview; readonly overview: Overview } | null>(null);
  const base = useRef<Overview | null>(null);
  base.current = loaded.value;
  const soon = useRef(0);
  useEffect(
    () =>
      listen((events) => {
        const of = base.current;
        if (of === null) return;
        const before = changed.value?.of === of ? changed.value.overview : of;
        changed.value = { of, overview: overviewAfter(before, events) };
      }),
    [changed],
  );
  useEffect(() => {
    const isPartial = loaded.value?.totals.states === null || loaded.value?.totals.identities === null;
    if (!isPartial || soon.current >= MOST_SOON) return undefined;
    soon.current += 1;
    const timer = setTimeout(loaded.reload, SOON_MS);
    return () => clearTimeout(timer);
  }, [loaded.value, loaded.reload]);
  const isChanged = loaded.value !== null && changed.value?.of === loaded.value;
  return { ...loaded, value: isChanged ? (changed.value?.overview ?? null) : loaded.value };
}
