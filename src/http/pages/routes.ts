/**
 * The dashboard's pages and files. One file of HTML stands behind every page: which one is shown is decided in the
 * browser, by the address. Nothing in it is secret; what it shows it asks of the API.
 */
import { Hono } from "hono";
import { type AppEnv, authenticate } from "../shared/access.ts";
import { serveAsset } from "../shared/assets.ts";
import { SCOPES } from "../shared/scopes.ts";

/** Addresses of the dashboard's pages; its own router knows the same. */
const PAGES = ["/", "/overview", "/identity/:uuid", "/dead-letters", "/jobs"];

const page = new Hono<AppEnv>();
for (const path of PAGES) page.get(path, (c) => serveAsset(c, "/dashboard/index.html"));

// Who is signed in, for a page that opens: nobody is an answer here, and no failure that a browser would report.
page.get("/dashboard/session", async (c) => {
  const authenticated = await authenticate(c);
  const scopes = SCOPES.filter((scope) => authenticated?.scopes.has(scope) === true);
  return c.json({ scopes, expires_at: authenticated?.expiresTs ?? null });
});
page.get("/dashboard/:file", (c) => serveAsset(c, `/dashboard/${c.req.param("file")}`));

export const pageRoutes = page;
