import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { buildAssets } from "./src/cli/build-assets.ts";
import { limitsReport } from "./test/setup/limits/report.ts";
import { hasShared, readSharedLines } from "./test/setup/shared.ts";

const PIPELINE_VECTORS = "vectors/pipeline.jsonl";

// The Wrangler file names their directory, so it has to be there before the Worker under test is.
await buildAssets();

/** Queries that an invocation may make on the free plan; the paid plan's 1,000 hold where nothing is set. */
const FREE_PLAN_QUERIES = "50";

interface Variation {
  /** Databases beside the first: binding to name. */
  readonly databases?: Readonly<Record<string, string>>;
  readonly bindings?: Readonly<Record<string, string>>;
}

/** A project whose tests run in the Workers runtime, on real bindings behind the platform's limits. */
async function workersProject(
  name: string,
  include: string[],
  { databases = {}, bindings = {} }: Variation = {},
): Promise<TestProjectInlineConfiguration> {
  return {
    plugins: [
      limitsReport(),
      cloudflareTest({
        main: "./test/setup/worker.ts",
        wrangler: { configPath: "./wrangler.toml" },
        miniflare: {
          d1Databases: { ...databases },
          bindings: {
            MIGRATIONS: await readD1Migrations("./migrations"),
            READ_TOKENS: "read-token, read-token-2",
            INGEST_TOKENS: "ingest-token",
            ADMIN_TOKENS: "admin-token",
            DECNET_WEBHOOK_SECRET: "webhook-secret",
            EVIDENCE_SECRET: "evidence-secret",
            // Also where a .dev.vars sets it: commands are scored where a test says so.
            WORD_SECRET: "",
            LIMIT_QUERIES: process.env["LIMIT_QUERIES"] ?? "",
            ...bindings,
          },
          // The outbound queue is read back by the test Worker; waits are cut short.
          queueConsumers: {
            "attacker-observations": {
              maxBatchSize: 100,
              maxBatchTimeout: 0.05,
              maxRetries: 20,
              retryDelay: 0,
            },
            "attribution-events": { maxBatchSize: 100, maxBatchTimeout: 0.02 },
          },
        },
      }),
    ],
    test: {
      name,
      include,
      setupFiles: ["./test/setup/migrate.ts", "./test/setup/limits/record.ts", "./test/setup/patience.ts"],
      // The same for `expect.poll`.
      expect: { poll: { timeout: 60_000 } },
      // Generous: how fast a machine is never decides a test.
      testTimeout: 300_000,
      provide: {
        // How much is simulated: little here, as much as one likes by `npm run simulate:faults`.
        faults: {
          runs: Number(process.env["FAULT_RUNS"] ?? 200),
          seed: Number(process.env["FAULT_SEED"] ?? 1),
          fuzz: Number(process.env["FAULT_FUZZ"] ?? 5_000),
          shrink: Number(process.env["FAULT_SHRINK"] ?? 150),
        },
        pipelineVectors: hasShared(PIPELINE_VECTORS) ? readSharedLines(PIPELINE_VECTORS, (line) => line) : [],
      },
    },
  };
}

export default defineConfig(async () => ({
  test: {
    projects: [
      {
        test: {
          name: "node",
          include: ["test/{core,evidence,sensor,simulate,cli,bench}/**/*.test.ts"],
          environment: "node",
          testTimeout: 60_000,
        },
      },
      {
        // Pages in a real browser; each file starts a Worker of its own, so one at a time.
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          environment: "node",
          fileParallelism: false,
          testTimeout: 300_000,
        },
      },
      await workersProject("workers", [
        "test/{maintenance,consumer,identity,http,storage,stream,pipeline}/**/*.test.ts",
      ]),
      // The same Worker with a second database bound; each simulated history says whether it has it.
      await workersProject("databases", ["test/{databases,faults}/**/*.test.ts"], {
        databases: { DB_2: "observations-2" },
      }),
      // The way of an observation and all maintenance, with as few queries as the free plan allows.
      await workersProject("free-plan", ["test/{maintenance,consumer,identity}/**/*.test.ts"], {
        bindings: { LIMIT_QUERIES: FREE_PLAN_QUERIES },
      }),
      // Each piece of long work at production size.
      await workersProject("limits", ["test/limits/**/*.test.ts"], {
        bindings: {
          LIMIT_QUERIES: process.env["LIMIT_QUERIES"] ?? FREE_PLAN_QUERIES,
          RETENTION_DAYS: "30",
        },
      }),
    ],
  },
}));
