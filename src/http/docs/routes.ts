/**
 * `GET /openapi.json`, and `GET /docs`, which shows it to people: Swagger UI, served from our own files
 * (`npm run build:assets` puts them in place). Swagger UI needs neither inline script nor inline style: with
 * `default-src 'none'` it needs `script-src 'self'`, `style-src 'self'`, `connect-src 'self'` and `img-src 'self' data:`.
 */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { AppEnv } from "../shared/access.ts";
import { serveAsset } from "../shared/assets.ts";
import { type Described, describeApi } from "../shared/openapi.ts";

const descriptionSchema = z.looseObject({ openapi: z.string() });

const getDescription = createRoute({
  method: "get",
  path: "/openapi.json",
  tags: ["operations"],
  summary: "This description",
  responses: {
    200: {
      description: "OpenAPI 3.1",
      content: { "application/json": { schema: descriptionSchema } },
    },
  },
});

const getDocs = createRoute({
  method: "get",
  path: "/docs",
  tags: ["operations"],
  summary: "This description, for people",
  responses: { 200: { description: "A page", content: { "text/html": { schema: z.string() } } } },
});

/** @param described - returns the app that is described; called at the first request, when all routes are mounted */
export function docsRoutes(described: () => Described) {
  const routes = new OpenAPIHono<AppEnv>()
    .openapi(getDescription, (c) => c.json(descriptionSchema.parse(describeApi(described())), 200))
    .openapi(getDocs, (c) => serveAsset(c, "/docs/index.html"));
  // The files of the page are not part of the API.
  routes.get("/docs/:file", (c) => serveAsset(c, `/docs/${c.req.param("file")}`));
  return routes;
}
