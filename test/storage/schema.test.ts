/** What the migrations made: drizzle-kit cannot write WITHOUT ROWID, so nothing but a test keeps it there. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";

it.each([
  "attackers",
  "attributions",
  "dead_letter_attackers",
  "former_links",
  "jobs",
  "profile_pages",
  "control",
  "counters",
  "erasures",
  "identities",
  "observations",
  "outbox_backlog",
  "stream_tickets",
])("%s is WITHOUT ROWID", async (table) => {
  const row = await env.DB.prepare("SELECT sql FROM sqlite_master WHERE name = ?1")
    .bind(table)
    .first<{ sql: string }>();
  expect(row?.sql).toMatch(/\) WITHOUT ROWID$/);
});

it("observations has no index but its key", async () => {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'observations' AND sql IS NOT NULL",
  ).all();
  expect(results).toEqual([]);
});
