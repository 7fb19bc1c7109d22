/** Loads the page of an identity, and applies the messages of its stream to what is loaded. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { eventsBeforeSchema, identityPageSchema, seriesSchema } from "../http/dashboard/wire.ts";
import { ask, session } from "./api.ts";
import { openStream, PUBLISHED } from "./event-stream.ts";
import {
  afterNews,
  factsOf,
  type IdentityFacts,
  mergePoints,
  type NewPoint,
  type Point,
  withOlder,
} from "./identity-facts.ts";
import { type Loaded, useLoaded } from "./resource.ts";
import {
  type AttributionEvent,
  attributionSchema,
  eventSchema,
  observedSchema,
  type Primitive,
} from "./schemas.ts";
import { isLookedAt } from "./visible.ts";

/** How long news is gathered before it is applied, ms. */
const GATHER_MS = 1_000;
/** Observations of a chart. */
const SERIES_POINTS = 1_000;

/** An identity's page, and loading more of it. */
export interface LiveIdentity {
  readonly facts: Loaded<IdentityFacts>;
  /** Changes when the states may have changed. */
  readonly version: string;
  /** Changes when an event says that the evidence changed, and when everything is loaded again. */
  readonly evidenceVersion: string;
  /** Loads a page of older events. */
  readonly loadOlder: () => void;
  readonly isLoadingOlder: boolean;
}

/** An identity's page, kept up to date by its stream. */
export function useIdentity(uuid: string): LiveIdentity {
  const changed = useSignal<{ readonly of: IdentityFacts; readonly facts: IdentityFacts } | null>(null);
  const isLoadingOlder = useSignal(false);
  const openedSeq = useRef<number | null>(null);
  const rounds = useRef(0);
  const loaded = useLoaded(uuid, async () => {
    const [page, events] = await Promise.all([
      ask(`/dashboard/identities/${uuid}`, identityPageSchema),
      ask(`/dashboard/identities/${uuid}/events`, eventsBeforeSchema),
    ]);
    const newestSeq = events.data.at(-1)?.seq ?? 0;
    openedSeq.current ??= newestSeq;
    rounds.current += 1;
    return factsOf(page, events, openedSeq.current);
  });
  // Changes belong to the value they were applied to; a value that is loaded later has them already.
  const isChanged = loaded.value !== null && changed.value?.of === loaded.value;
  const value = isChanged ? (changed.value?.facts ?? null) : loaded.value;
  const current = useRef({ loaded: loaded.value, value });
  current.current = { loaded: loaded.value, value };
  const change = useMemo(
    () => (next: (facts: IdentityFacts) => IdentityFacts | null) => {
      const { loaded: of, value: facts } = current.current;
      if (of === null || facts === null) return;
      const after = next(facts);
      if (after === null) loaded.reload();
      else {
        changed.value = { of, facts: after };
        current.current = { loaded: of, value: after };
      }
    },
    [changed, loaded.reload],
  );
  useNews(uuid, change, loaded.reload);
  const beforeSeq = value?.beforeSeq ?? null;
  const loadOlder = async () => {
    if (beforeSeq === null || isLoadingOlder.value) return;
    isLoadingOlder.value = true;
    try {
      const older = await ask(
        `/dashboard/identities/${uuid}/events?before_seq=${beforeSeq}`,
        eventsBeforeSchema,
      );
      change((facts) => withOlder(facts, older));
    } catch {
      // The button stays, to try again.
    } finally {
      isLoadingOlder.value = false;
    }
  };
  // What is loaded beside the first round need not be loaded again after it.
  const round = Math.max(1, rounds.current);
  return {
    facts: { ...loaded, value },
    version: `${round}.${value?.newsCount ?? 0}`,
    evidenceVersion: `${round}.${value?.evidenceCount ?? 0}`,
    loadOlder: () => void loadOlder(),
    isLoadingOlder: isLoadingOlder.value,
  };
}

/** The identity's states now. @param version - changes when they may have changed */
export function useStates(uuid: string, version: string): Loaded<readonly Primitive[]> {
  return useLoaded(`${uuid} ${version}`, () => readStates(uuid, null));
}

/** Its states as of a time, epoch seconds; without a time nothing is loaded. */
export function useStatesAt(uuid: string, atTs: number | null): Loaded<readonly Primitive[]> {
  return useLoaded(`${uuid} ${atTs ?? ""}`, async () => (atTs === null ? [] : readStates(uuid, atTs)));
}

async function readStates(uuid: string, atTs: number | null): Promise<readonly Primitive[]> {
  const asOf = atTs === null ? "" : `&as_of=${atTs}`;
  return (await ask(`/identities/${uuid}/attribution?include=evidence${asOf}`, attributionSchema)).primitives;
}

/** A series as it is drawn. */
export interface LoadedSeries {
  readonly points: readonly Point[];
  /** Whether there are older observations. */
  readonly hasMore: boolean;
}

/** The newest observations of a primitive: loaded once, then extended by `known`. */
export function useSeries(uuid: string, primitive: string, known: readonly Point[]): Loaded<LoadedSeries> {
  const loaded = useLoaded(`${uuid}/${primitive}`, () =>
    ask(`/dashboard/identities/${uuid}/series?primitive=${primitive}`, seriesSchema),
  );
  const series = loaded.value;
  const value = useMemo(() => {
    if (series === null) return null;
    const { data, has_more: hasMore } = series;
    const fromTs = data[0]?.ts ?? -Infinity;
    const newer = known.filter(({ ts }) => ts >= fromTs);
    // Of an observation in both lists the loaded one counts: a known value may be cut.
    return { points: mergePoints(newer, data, SERIES_POINTS), hasMore };
  }, [series, known]);
  return { ...loaded, value };
}

/** Applies the messages of the identity's stream, at most once a second. */
function useNews(
  uuid: string,
  change: (next: (facts: IdentityFacts) => IdentityFacts | null) => void,
  reload: () => void,
): void {
  const isWanted = Boolean(session.value) && isLookedAt.value;
  const resumeFrom = useRef<string | null>(null);
  useEffect(() => {
    if (!isWanted) return undefined;
    let events: AttributionEvent[] = [];
    let observations: NewPoint[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const apply = () => {
      timer = undefined;
      const news = { events, observations };
      events = [];
      observations = [];
      change((facts) => afterNews(facts, news));
    };
    const onEvent = (name: string, data: unknown) => {
      if (name === "observation") {
        const read = observedSchema.safeParse(data);
        if (read.success) observations.push(read.data);
      } else {
        const read = eventSchema.safeParse(data);
        if (read.success) events.push(read.data);
      }
      timer ??= setTimeout(apply, GATHER_MS);
    };
    const stream = openStream(
      `/api/v1/identities/${uuid}/events`,
      ["observation", ...PUBLISHED],
      { onEvent, onGap: reload },
      resumeFrom.current,
    );
    return () => {
      clearTimeout(timer);
      if (timer !== undefined) apply();
      resumeFrom.current = stream.close();
    };
  }, [uuid, change, reload, isWanted]);
}
