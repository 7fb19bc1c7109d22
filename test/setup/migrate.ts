/** Brings every database to its schema before the tests of a file run, and keeps the log lines of what goes well to itself. */
import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { cellsOf } from "../../src/cells.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      readonly MIGRATIONS: D1Migration[];
    }
  }
}

for (const { DB } of cellsOf(env)) await applyD1Migrations(DB, env.MIGRATIONS);
vi.spyOn(console, "log").mockImplementation(() => {});
