/** Pausing the Worker and letting it go on; rebuilding everything. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { cellsOf } from "../cells.ts";
import { MAINTENANCE, type RebuildProgress } from "../maintenance/index.ts";
import { isPaused, setPaused } from "../storage/index.ts";
import { type AppEnv, requireScope } from "./access.ts";
import { rejectInvalid } from "./validation.ts";

const admin = { security: [{ bearer: ["admin"] }], tags: ["maintenance"], middleware: requireScope("admin") };
const controlSchema = z.object({ paused: z.boolean() }).openapi("Control");
const rebuildSchema = z
  .object({
    state: z.enum(["never", "running", "finished"]),
    done: z.number().int(),
    total: z.number().int(),
    failed: z.number().int(),
    started_ts: z.number().nullable(),
    finished_ts: z.number().nullable(),
  })
  .openapi("Rebuild");

const getControl = createRoute({
  ...admin,
  method: "get",
  path: "/control",
  summary: "Whether the Worker is paused",
  responses: {
    200: { description: "The switch", content: { "application/json": { schema: controlSchema } } },
  },
});

const postControl = createRoute({
  ...admin,
  method: "post",
  path: "/control",
  summary: "Pause, or go on: while paused messages wait, reads go on, and nothing is lost",
  request: {
    body: {
      required: true,
      content: {
        "application/json": {
          schema: z.object({ action: z.enum(["pause", "resume"]) }).openapi("ControlAction"),
        },
      },
    },
  },
  responses: {
    200: { description: "The switch", content: { "application/json": { schema: controlSchema } } },
  },
});

const getRebuild = createRoute({
  ...admin,
  method: "get",
  path: "/rebuild",
  summary: "How far rebuilding everything is",
  responses: { 200: { description: "Progress", content: { "application/json": { schema: rebuildSchema } } } },
});

const postRebuild = createRoute({
  ...admin,
  method: "post",
  path: "/rebuild",
  summary: "Recompute every identity from the stored observations; goes on by itself, through restarts",
  responses: {
    202: { description: "Under way", content: { "application/json": { schema: rebuildSchema } } },
  },
});

export const controlRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(getControl, async (c) => {
    const paused = await Promise.all(cellsOf(c.env).map(({ DB }) => isPaused(DB)));
    return c.json({ paused: paused.includes(true) }, 200);
  })
  .openapi(postControl, async (c) => {
    const paused = c.req.valid("json").action === "pause";
    await Promise.all(cellsOf(c.env).map(({ DB }) => setPaused(DB, paused)));
    return c.json({ paused }, 200);
  })
  .openapi(getRebuild, async (c) =>
    c.json(toWire(await c.env.MAINTENANCE.getByName(MAINTENANCE).progress()), 200),
  )
  .openapi(postRebuild, async (c) =>
    c.json(toWire(await c.env.MAINTENANCE.getByName(MAINTENANCE).startRebuild()), 202),
  );

function toWire(progress: RebuildProgress): z.infer<typeof rebuildSchema> {
  return {
    state: progress.state,
    done: progress.done,
    total: progress.total,
    failed: progress.failed,
    started_ts: progress.startedTs,
    finished_ts: progress.finishedTs,
  };
}
