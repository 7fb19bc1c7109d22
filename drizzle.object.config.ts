import { defineConfig } from "drizzle-kit";

/** The identity object's own SQLite; its migrations are applied by src/identity/store/migrate.ts. */
export default defineConfig({
  dialect: "sqlite",
  driver: "durable-sqlite",
  schema: "./src/identity/store/schema.ts",
  out: "./src/identity/store/migrations",
});
