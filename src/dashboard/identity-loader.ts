/** Loads what the page of an identity shows, and again when something is published or observed of it. */
import { useEffect, useRef } from "preact/hooks";
import { ask, session } from "./api.ts";
import { type Loaded, useLoaded } from "./resource.ts";
import {
  type AttributionEvent,
  attributionSchema,
  eventsSchema,
  type Identity,
  identitySchema,
  type Observation,
  type Primitive,
  stripsSchema,
} from "./schemas.ts";
import { isLookedAt } from "./visible.ts";

const PAGE = 1_000;
/** Events that are read of a history: enough for years of an ordinary identity. */
const MOST_EVENTS = 5_000;
/** How long news is gathered before everything is read again, ms. */
const GATHER_MS = 1_000;

/** Everything about an identity that does not depend on a time. */
export interface IdentityFacts {
  readonly identity: Identity;
  readonly strips: ReadonlyMap<string, readonly Observation[]>;
  readonly events: readonly AttributionEvent[];
  /** Whether there are more events than were read. */
  readonly isCut: boolean;
  /** Ids of the events that came while the page was open. */
  readonly fresh: ReadonlySet<string>;
}

/** What is known of an identity, kept up to date. */
export function useIdentity(uuid: string): Loaded<IdentityFacts> {
  // The events that were there when the page was opened; null until then.
  const first = useRef<ReadonlySet<string> | null>(null);
  const facts = useLoaded(uuid, async () => {
    const read = await readFacts(uuid);
    first.current ??= new Set(read.events.map(({ id }) => id));
    const known = first.current;
    return { ...read, fresh: new Set(read.events.map(({ id }) => id).filter((id) => !known.has(id))) };
  });
  useNews(uuid, facts.reload);
  return facts;
}

/** Its states. @param atTs - as of when, epoch seconds, or null for now; @param version - changes with every news */
export function useStates(uuid: string, atTs: number | null, version: string): Loaded<readonly Primitive[]> {
  return useLoaded(`${uuid} ${atTs ?? ""} ${version}`, async () => {
    const asOf = atTs === null ? "" : `?as_of=${atTs}`;
    return (await ask(`/identities/${uuid}/attribution${asOf}`, attributionSchema)).primitives;
  });
}

async function readFacts(uuid: string): Promise<Omit<IdentityFacts, "fresh">> {
  const [identity, strips, history] = await Promise.all([
    ask(`/identities/${uuid}`, identitySchema),
    ask(`/dashboard/identities/${uuid}/strips`, stripsSchema),
    readEvents(uuid),
  ]);
  return { identity, strips: Map.groupBy(strips.data, ({ primitive }) => primitive), ...history };
}

async function readEvents(uuid: string): Promise<Pick<IdentityFacts, "events" | "isCut">> {
  const events: AttributionEvent[] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { data: AttributionEvent[]; next_cursor: string | null } = await ask(
      `/identities/${uuid}/transitions?limit=${PAGE}${after}`,
      eventsSchema,
    );
    events.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor !== null && events.length < MOST_EVENTS);
  return { events, isCut: cursor !== null };
}

/** Calls back, at most once a second, when the identity's own stream says anything new. */
function useNews(uuid: string, tell: () => void): void {
  const isWanted = Boolean(session.value) && isLookedAt.value;
  const wasLeft = useRef(false);
  useEffect(() => {
    if (!isWanted) {
      wasLeft.current = true;
      return undefined;
    }
    // What came while nobody looked.
    if (wasLeft.current) tell();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const news = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        tell();
      }, GATHER_MS);
    };
    const source = new EventSource(`/api/v1/identities/${uuid}/events`);
    for (const name of [
      "observation",
      "attribution.state_changed",
      "attribution.multi_actor_suspected",
      "identity.merged",
      "identity.unmerged",
    ]) {
      source.addEventListener(name, news);
    }
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [uuid, tell, isWanted]);
}
