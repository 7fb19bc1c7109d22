/**
 * The dashboard's pages and files. Every page is the same HTML file; the browser decides by the address what it shows.
 * The file holds nothing secret: the page asks the API for what it shows.
 */
import { Hono } from "hono";
import { type AppEnv, authenticate } from "../shared/access.ts";
import { serveAsset } from "../shared/assets.ts";
import { SCOPES } from "../shared/scopes.ts";

/** Addresses of the dashboard's pages; its router has the same list. */
const PAGES = ["/", "/overview", "/identity/:uuid", "/dead-letters", "/jobs"];

const page = new Hono<AppEnv>();
for (const path of PAGES) page.get(path, (c) => serveAsset(c, "/dashboard/index.html"));

// Who is signed in, for a page that opens. "Nobody" is answered with 200, because a browser reports other statuses.
page.get("/dashboard/session", async (c) => {
  const authenticated = await authenticate(c);
  const scopes = SCOPES.filter((scope) => authenticated?.scopes.has(scope) === true);
  return c.json({ scopes, expires_at: authenticated?.expiresTs ?? null });
});
page.get("/dashboard/:file", (c) => serveAsset(c, `/dashboard/${c.req.param("file")}`));

export const pageRoutes = page;
