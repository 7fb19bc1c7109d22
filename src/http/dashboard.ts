/**
 * Reads made for the dashboard: a row of its list in one request, strips of observations, an overview. Their shapes
 * follow its pages and may change with them; programs are better served by the other routes.
 */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { cellOfIdentity, cellsOf } from "../cells.ts";
import { STATES } from "../core/index.ts";
import {
  glanceAt,
  hasIdentity,
  listIdentities,
  OVERVIEW_EVENTS,
  readOverview,
  readStrips,
} from "../storage/index.ts";
import { type AppEnv, requireScope } from "./shared/access.ts";
import { cursorsOf, optionalNumberPart, pageOf, textPart } from "./shared/cursor.ts";
import { toWireSummary } from "./identities/format.ts";
import { UNKNOWN_IDENTITY, unknownIdentity } from "./identities/unknown.ts";
import { identitySummarySchema } from "./identities/wire.ts";
import { limitParam, primitiveParam, stateParam, uuidParam } from "./shared/params.ts";
import { INVALID } from "./shared/problem-schema.ts";
import { rejectInvalid } from "./shared/validation.ts";

/** Observations of each primitive that a strip shows. */
const STRIP_LENGTH = 80;
/** Identities that are read at a time: the list of their UUIDs must fit into one parameter. */
const PAGE_STANDARD = 100;

const read = {
  tags: ["dashboard"],
  security: [{ bearer: ["read"] }],
  middleware: requireScope("read"),
};
const cursors = cursorsOf("dashboard", z.object({ lastChangeTs: optionalNumberPart, uuid: textPart }));
const state = z.enum(STATES);

const rowSchema = z
  .object({
    ...identitySummarySchema.shape,
    addresses: z.array(z.string()).openapi({ description: "The first three" }),
    troubled: z.array(z.object({ primitive: z.string(), state })),
  })
  .openapi("DashboardRow");

const getRows = createRoute({
  ...read,
  method: "get",
  path: "/dashboard/identities",
  summary: "Rows of the dashboard's list: summaries with addresses and what is not stable",
  request: {
    query: z.object({
      state: stateParam.optional(),
      primitive: primitiveParam.optional(),
      limit: limitParam(PAGE_STANDARD),
      cursor: cursors.param,
    }),
  },
  responses: {
    200: {
      description: "A page, most recently changed first",
      content: {
        "application/json": {
          schema: z
            .object({ data: z.array(rowSchema), next_cursor: z.string().nullable() })
            .openapi("DashboardRows"),
        },
      },
    },
    ...INVALID,
  },
});

const stripsSchema = z
  .object({
    data: z.array(
      z.object({
        primitive: z.string(),
        value: z.unknown().openapi({ description: "Any JSON; of a long one the beginning of its text" }),
        is_cut: z.boolean(),
        ts: z.number(),
        evidence_ref: z.string(),
        attacker_uuid: z.string(),
      }),
    ),
  })
  .openapi("DashboardStrips");

const getStrips = createRoute({
  ...read,
  method: "get",
  path: "/dashboard/identities/{uuid}/strips",
  summary: `The newest observations of each primitive, at most ${STRIP_LENGTH}, oldest first`,
  request: { params: z.object({ uuid: uuidParam }) },
  responses: {
    200: { description: "By primitive", content: { "application/json": { schema: stripsSchema } } },
    ...UNKNOWN_IDENTITY,
  },
});

const overviewSchema = z
  .object({
    turns: z.array(
      z.object({
        hour_ts: z.number(),
        old_state: state.nullable(),
        new_state: state,
        count: z.number().int(),
      }),
    ),
    active: z.array(z.object({ uuid: z.string(), transitions: z.number().int(), last_ts: z.number() })),
    suspicions: z.array(z.object({ uuid: z.string(), primitives: z.array(z.string()), ts: z.number() })),
  })
  .openapi("DashboardOverview");

const getOverview = createRoute({
  ...read,
  method: "get",
  path: "/dashboard/overview",
  summary: `The newest ${OVERVIEW_EVENTS} events, summed up`,
  responses: {
    200: { description: "Sums and lists", content: { "application/json": { schema: overviewSchema } } },
  },
});

export const dashboardRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(getRows, async (c) => {
    const { state: wanted, primitive, limit, cursor } = c.req.valid("query");
    const filter = { state: wanted ?? null, primitive: primitive ?? null };
    const databases = cellsOf(c.env).map(({ DB }) => DB);
    const page = await listIdentities(databases, filter, cursor ?? null, limit + 1);
    const { shown, next } = pageOf(page, limit, ({ lastChangeTs, uuid }) =>
      cursors.encode({ lastChangeTs, uuid }),
    );
    const glances = await glanceAt(
      databases,
      shown.map(({ uuid }) => uuid),
    );
    const data = shown.map((summary) => {
      const glance = glances.get(summary.uuid);
      return {
        ...toWireSummary(summary),
        addresses: [...(glance?.addresses ?? [])],
        troubled: [...(glance?.troubled ?? [])],
      };
    });
    return c.json({ data, next_cursor: next }, 200);
  })
  .openapi(getStrips, async (c) => {
    const { uuid } = c.req.valid("param");
    const { DB } = await cellOfIdentity(c.env, uuid);
    const strips = await readStrips(DB, uuid, STRIP_LENGTH);
    if (strips.length === 0 && !(await hasIdentity(DB, uuid))) throw unknownIdentity(uuid);
    const data = strips.map((observation) => ({
      primitive: observation.primitive,
      value: observation.isCut ? `${observation.value}…` : JSON.parse(observation.value),
      is_cut: observation.isCut,
      ts: observation.ts,
      evidence_ref: observation.evidenceRef,
      attacker_uuid: observation.attackerUuid,
    }));
    return c.json({ data }, 200);
  })
  .openapi(getOverview, async (c) => {
    const { turns, active, suspicions } = await readOverview(cellsOf(c.env).map(({ DB }) => DB));
    const body = {
      turns: turns.map(({ hourTs, oldState, newState, count }) => ({
        hour_ts: hourTs,
        old_state: oldState === null ? null : state.parse(oldState),
        new_state: state.parse(newState),
        count,
      })),
      active: active.map(({ uuid, transitions, lastTs }) => ({ uuid, transitions, last_ts: lastTs })),
      suspicions: suspicions.map(({ uuid, primitives, ts }) => ({ uuid, primitives: [...primitives], ts })),
    };
    return c.json(body, 200);
  });
