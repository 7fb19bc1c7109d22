/** Pausing and resuming the Worker; rebuilding everything. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { MAINTENANCE, type RebuildProgress } from "../../maintenance/index.ts";
import { shardsOf } from "../../shard.ts";
import { isPaused, setPaused } from "../../storage/index.ts";
import { type AppEnv, requireScope } from "../shared/access.ts";
import { rejectInvalid } from "../shared/validation.ts";
import { controlSchema, rebuildSchema } from "./wire.ts";

const admin = { security: [{ bearer: ["admin"] }], tags: ["maintenance"], middleware: requireScope("admin") };

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
  summary: "Pause or resume: while the Worker is paused messages wait, reads go on, and nothing is lost",
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
    const paused = await Promise.all(shardsOf(c.env).map(({ db }) => isPaused(db)));
    return c.json({ paused: paused.includes(true) }, 200);
  })
  .openapi(postControl, async (c) => {
    const paused = c.req.valid("json").action === "pause";
    await Promise.all(shardsOf(c.env).map(({ db }) => setPaused(db, paused)));
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
    error: progress.error,
  };
}
