/** The live streams' routes: who may, from where on, of what. `src/stream` decides what is streamed, and how. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { shardOf, shardOfIdentity } from "../../shard.ts";
import {
  followEverything,
  followIdentity,
  STREAM_HEADERS,
  streamResponse,
  type StreamSource,
} from "../../stream/index.ts";
import { UNKNOWN_ATTACKER, unknownAttacker } from "../attackers/unknown.ts";
import { toWireAttribution } from "../attribution/format.ts";
import { policyIdOf, readStates } from "../attribution/read-states.ts";
import { UNKNOWN_IDENTITY, unknownIdentity } from "../identities/unknown.ts";
import type { AppEnv } from "../shared/access.ts";
import { uuidParam } from "../shared/params.ts";
import { rejectInvalid } from "../shared/validation.ts";
import { requireStreamAccess } from "../stream-tickets/access.ts";

const params = z.object({ uuid: uuidParam });

/** Characters of a place in the history of everything: a cursor for each of as many databases as can be bound. */
const LONGEST_PLACE = 4_096;

/** A request that names a place in a history, as `id:` lines give it out. */
const resuming = (place: RegExp) => {
  const id = z.string().max(LONGEST_PLACE).regex(place, "must be an id that a stream gave out").optional();
  return {
    query: z.object({
      last_event_id: id.openapi({
        description:
          "The same as the header Last-Event-ID, for the first request; the header, if sent, counts",
      }),
      ticket: z
        .string()
        .optional()
        .openapi({ description: "A ticket from POST /stream-tickets, in the place of a token" }),
    }),
    headers: z.object({
      "last-event-id": id.openapi({ description: "The id of the last event received: goes on after it" }),
    }),
  };
};
const ofOne = resuming(/^\d{0,15}$/);
const ofEverything = resuming(/^(\d{1,15}(-\d{1,15})*)?$/);

const SECURITY: Record<string, string[]>[] = [{ bearer: ["read"] }, { ticket: [] }];

const stream = {
  tags: ["streams"],
  security: SECURITY,
  middleware: requireStreamAccess(),
};
const answer = (description: string) => ({
  200: { description, content: { "text/event-stream": { schema: z.string() } } },
});

const getIdentityEvents = createRoute({
  ...stream,
  method: "get",
  path: "/identities/{uuid}/events",
  summary: "What happens to the identity, live",
  request: { params, ...ofOne },
  responses: {
    ...answer("A snapshot of its states, then observations and published events"),
    ...UNKNOWN_IDENTITY,
  },
});

const getAttackerEvents = createRoute({
  ...stream,
  method: "get",
  path: "/attackers/{uuid}/events",
  summary: "What happens to the attacker's identity, live",
  request: { params, ...ofOne },
  responses: { ...answer("As for its identity; empty while it has none"), ...UNKNOWN_ATTACKER },
});

const getEvents = createRoute({
  ...stream,
  method: "get",
  path: "/events",
  summary: "Everything that is published, live",
  request: ofEverything,
  responses: answer("A snapshot of the totals, then every published event"),
});

export const eventRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(getIdentityEvents, async (c) => {
    const { uuid } = c.req.valid("param");
    const from = resumeAfter(c.req.valid("header"), c.req.valid("query"));
    return respond(c, await follow(c, "identity", uuid, from));
  })
  .openapi(getAttackerEvents, async (c) => {
    const { uuid } = c.req.valid("param");
    const from = resumeAfter(c.req.valid("header"), c.req.valid("query"));
    return respond(c, await follow(c, "attacker", uuid, from));
  })
  .openapi(getEvents, async (c) => {
    const from = resumeAfter(c.req.valid("header"), c.req.valid("query"));
    return respond(c, await followEverything(c.env, from));
  });

async function follow(
  c: Context<AppEnv>,
  kind: "identity" | "attacker",
  uuid: string,
  from: string | null,
): Promise<StreamSource> {
  const shard = kind === "attacker" ? shardOf(c.env, uuid) : await shardOfIdentity(c.env, uuid);
  const source = await followIdentity(
    c.env,
    shard,
    { kind, uuid },
    from === null ? null : Number(from),
    async (identityUuid) => {
      if (identityUuid === null) return toWireAttribution(null, policyIdOf(c.env), []);
      const states = await readStates(c.env.IDENTITIES, identityUuid, null);
      return toWireAttribution(states.identityUuid, policyIdOf(c.env), states.primitives);
    },
  );
  if (!source) throw kind === "attacker" ? unknownAttacker(uuid) : unknownIdentity(uuid);
  return source;
}

function respond(c: Context<AppEnv>, source: StreamSource): Response {
  // Nobody would ever read or cancel the body of an answer to HEAD.
  if (c.req.raw.method === "HEAD") return new Response(null, { headers: STREAM_HEADERS });
  return streamResponse(source, { expiresTs: c.var.streamUntilTs ?? null });
}

/** The place to go on from; the header counts, because a client that reconnects repeats its address as it was. */
function resumeAfter(
  header: { "last-event-id"?: string | undefined },
  { last_event_id: fromQuery }: { last_event_id?: string | undefined },
): string | null {
  return header["last-event-id"] || fromQuery || null;
}
