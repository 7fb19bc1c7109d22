/** Applies the migrations to every database before the tests of a file run, and silences the log of successes. */
import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { shardsOf } from "../../src/shard.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      readonly MIGRATIONS: D1Migration[];
    }
  }
}

for (const { db } of shardsOf(env)) await applyD1Migrations(db, env.MIGRATIONS);
vi.spyOn(console, "log").mockImplementation(() => {});
