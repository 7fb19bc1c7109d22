/**
 * What the dashboard asks for: rows of its list, the page of an identity, an overview. Each answer costs a bounded number
 * of D1 rows. The shapes follow its pages and may change with them; programs are better served by the other routes.
 */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { PATH_OBSERVATIONS, STANDARD_EVIDENCE } from "../../evidence/index.ts";
import { readOverview, updateOverviews } from "../../overview/index.ts";
import { shardsOf } from "../../shard.ts";
import { listGlances, positionIn } from "../../storage/index.ts";
import { identityListOf } from "../identities/list-query.ts";
import { toWireEvent } from "../events/format.ts";
import { UNKNOWN_IDENTITY, unknownIdentity } from "../identities/unknown.ts";
import { queueDepth } from "../operations/queue-depth.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { pageOf } from "../shared/cursor.ts";
import { hasEvidence } from "../shared/evidence.ts";
import { primitiveParam, uuidParam } from "../shared/params.ts";
import { INVALID } from "../shared/problem-schema.ts";
import { rejectInvalid } from "../shared/validation.ts";
import { toWireOverview, toWireRow } from "./format.ts";
import {
  loadEvidencePath,
  loadOlderEvents,
  loadIdentityPage,
  loadSeries,
  SERIES_OBSERVATIONS,
} from "./identity-page.ts";
import {
  type EvidencePath,
  eventsBeforeSchema,
  evidencePathSchema,
  identityPageSchema,
  overviewSchema,
  rowsSchema,
  seriesSchema,
} from "./wire.ts";

const read = {
  tags: ["dashboard"],
  security: [{ bearer: ["read"] }],
  middleware: requireScope("read"),
};
const params = z.object({ uuid: uuidParam });
const list = identityListOf("dashboard");

const json = <T extends z.ZodType>(description: string, schema: T) => ({
  200: { description, content: { "application/json": { schema } } },
});

const getRows = createRoute({
  ...read,
  method: "get",
  path: "/dashboard/identities",
  summary: "Rows of the dashboard's list: summaries with addresses and what is not stable",
  request: {
    query: list.query,
  },
  responses: {
    ...json("A page", rowsSchema),
    ...INVALID,
  },
});

const getIdentity = createRoute({
  ...read,
  method: "get",
  path: "/dashboard/identities/{uuid}",
  summary: "What the page of an identity shows besides its states and events",
  description: "The UUID of an identity that was merged away answers the one it went into.",
  request: { params },
  responses: {
    ...json("The page", identityPageSchema),
    ...UNKNOWN_IDENTITY,
  },
});

const getEvents = createRoute({
  ...read,
  method: "get",
  path: "/dashboard/identities/{uuid}/events",
  summary: "The newest events of an identity, or those before one, by seq",
  request: {
    params,
    query: z.object({
      before_seq: z
        .string()
        .regex(/^[1-9]\d{0,14}$/, "must be a whole number from 1 up")
        .transform(Number)
        .optional()
        .openapi({ type: "integer", minimum: 1, description: "The `before_seq` of the page before" }),
    }),
  },
  responses: {
    ...json("A page", eventsBeforeSchema),
    ...UNKNOWN_IDENTITY,
    ...INVALID,
  },
});

const getSeries = createRoute({
  ...read,
  method: "get",
  path: "/dashboard/identities/{uuid}/series",
  summary: `The newest ${SERIES_OBSERVATIONS} observations of a primitive, oldest first`,
  request: { params, query: z.object({ primitive: primitiveParam }) },
  responses: {
    ...json("Observations; none where nothing is known of it", seriesSchema),
    ...INVALID,
  },
});

const getEvidencePath = createRoute({
  ...read,
  method: "get",
  path: "/dashboard/identities/{uuid}/evidence-path",
  summary: `E of a primitive over its newest ${PATH_OBSERVATIONS} observations that count`,
  request: { params, query: z.object({ primitive: primitiveParam }) },
  responses: {
    ...json("E after each observation; none where the primitive is not followed", evidencePathSchema),
    ...INVALID,
  },
});

const getOverview = createRoute({
  ...read,
  method: "get",
  path: "/dashboard/overview",
  summary: "The newest events, summed up, and totals",
  responses: json("Sums and totals", overviewSchema),
});

export const dashboardRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(getRows, async (c) => {
    const query = c.req.valid("query");
    const { filter, sort, after } = list.read(query);
    const databases = shardsOf(c.env).map(({ db }) => db);
    const page = await listGlances(databases, filter, after, query.limit + 1, sort);
    const { shown, next } = pageOf(page, query.limit, (glance) =>
      list.encode(sort, positionIn(sort, glance)),
    );
    return c.json({ data: shown.map(toWireRow), next_cursor: next }, 200);
  })
  .openapi(getIdentity, async (c) => {
    const { uuid } = c.req.valid("param");
    const page = await loadIdentityPage(c.env, uuid);
    if (!page) throw unknownIdentity(uuid);
    return c.json(page, 200);
  })
  .openapi(getEvents, async (c) => {
    const { uuid } = c.req.valid("param");
    const page = await loadOlderEvents(c.env, uuid, c.req.valid("query").before_seq ?? null);
    if (!page) throw unknownIdentity(uuid);
    return c.json({ data: page.events.map(toWireEvent), before_seq: page.beforeSeq }, 200);
  })
  .openapi(getSeries, async (c) => {
    const { uuid } = c.req.valid("param");
    return c.json(await loadSeries(c.env, uuid, c.req.valid("query").primitive), 200);
  })
  .openapi(getEvidencePath, async (c) => {
    const { uuid } = c.req.valid("param");
    const path = await loadEvidencePath(c.env, uuid, c.req.valid("query").primitive);
    return c.json(path ?? NO_PATH, 200);
  })
  .openapi(getOverview, async (c) => {
    const shards = shardsOf(c.env);
    const nowTs = Date.now() / 1_000;
    const [overview, queue] = await Promise.all([
      readOverview(shards, nowTs),
      queueDepth(c.env.OBSERVATION_QUEUE),
    ]);
    // A local Worker has no cron, and a new one has not had its first minute: then the reader starts the update.
    if (overview.isStale) contextOf(c)?.waitUntil(updateOverviews(shards, nowTs));
    return c.json(toWireOverview(overview, queue.backlog, hasEvidence(c.env)), 200);
  });

/** The path of a series that is not followed. */
const NO_PATH: EvidencePath = { first_number: 1, ts: [], e: [], threshold: STANDARD_EVIDENCE.threshold };

/** What lets work go on behind the answer; null where a request was handed to the app without it. */
function contextOf(c: Context<AppEnv>): Context["executionCtx"] | null {
  try {
    return c.executionCtx;
  } catch {
    return null;
  }
}
