/**
 * `GET /openapi.json`, and `GET /docs`, which shows it to people: Swagger UI, served from our own files
 * (`npm run build:assets` puts them in place). Chosen because it needs neither inline script nor inline style: under a
 * policy of `default-src 'none'` it asks for `script-src 'self'`, `style-src 'self'`, `connect-src 'self'` and
 * `img-src 'self' data:`, no more.
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

/** @param described - the app that is described; asked at the first request, when all its routes are there */
export function docsRoutes(described: () => Described) {
  const routes = new OpenAPIHono<AppEnv>()
    .openapi(getDescription, (c) => c.json(descriptionSchema.parse(describeApi(described())), 200))
    .openapi(getDocs, (c) => serveAsset(c, "/docs/index.html"));
  // The files that the page is made of are no part of the API.
  routes.get("/docs/:file", (c) => serveAsset(c, `/docs/${c.req.param("file")}`));
  return routes;
}
