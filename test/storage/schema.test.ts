/** What the migrations made: drizzle-kit cannot write WITHOUT ROWID, so nothing but a test keeps it there. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";

it.each([
  "attributions",
  "dead_letter_attackers",
  "former_links",
  "jobs",
  "profile_pages",
  "control",
  "counters",
  "erasures",
  "identities",
  "observation_rows",
  "outbox_backlog",
  "stream_tickets",
  "word_shares",
])("%s is WITHOUT ROWID", async (table) => {
  const row = await env.DB.prepare("SELECT sql FROM sqlite_master WHERE name = ?1")
    .bind(table)
    .first<{ sql: string }>();
  expect(row?.sql).toMatch(/\) WITHOUT ROWID$/);
});

it.each(["sessions", "attributions"])("%s has no index but its key", async (table) => {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL",
  )
    .bind(table)
    .all();
  expect(results).toEqual([]);
});

it.each([
  ["attackers", "number"],
  ["events", "cursor"],
  ["sessions", "id"],
])("the rowid of %s is its %s", async (table, column) => {
  const { results } = await env.DB.prepare("SELECT name, type, pk FROM pragma_table_info(?1) WHERE pk > 0")
    .bind(table)
    .all();
  expect(results).toEqual([{ name: column, type: "INTEGER", pk: 1 }]);
  const row = await env.DB.prepare("SELECT sql FROM sqlite_master WHERE name = ?1")
    .bind(table)
    .first<{ sql: string }>();
  expect(row?.sql).not.toMatch(/WITHOUT ROWID/);
});
