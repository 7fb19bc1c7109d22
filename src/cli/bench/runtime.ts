/**
 * Runs the bench's Worker on this machine: the real Workers runtime with D1, objects and queues. It has the configuration
 * of the shipped Worker and further bindings for what it is compared with.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { parse } from "smol-toml";
import { createTestHarness, type TestHarness } from "wrangler";
import { z as schema } from "zod";
import {
  type Command,
  type ConsumerName,
  type Counted,
  countedSchema,
  type Lag,
  lagSchema,
  type TableBytes,
  tableBytesSchema,
} from "../../bench/protocol.ts";
import type { Workload } from "../../bench/workload.ts";
import { PROJECT_ROOT } from "../wrangler.ts";

const NAME = "attribution-bench";
/** The shipped Worker's database, and those of what it is compared with. */
const DATABASES = ["DB", "FLOOR_DB", "PORT_DB"];
/** Object bindings that the shipped Worker does not have. */
const OBJECTS = {
  FLOOR: "FloorObject",
  METERED_IDENTITIES: "MeteredIdentityObject",
  WATCHED_IDENTITIES: "WatchedIdentityObject",
};
/** Number of commands after which the captured log lines are removed from memory. */
const COMMANDS_PER_CLEARING = 20;

/** Read token of the bench's Worker. */
const READ_TOKEN = "bench-read-token";

const wranglerSchema = schema.looseObject({
  compatibility_date: schema.string(),
  limits: schema.looseObject({}).optional(),
  vars: schema.record(schema.string(), schema.json()).default({}),
  durable_objects: schema.object({
    bindings: schema.array(schema.object({ name: schema.string(), class_name: schema.string() })),
  }),
  queues: schema.object({
    producers: schema.array(schema.object({ binding: schema.string(), queue: schema.string() })),
    consumers: schema.array(schema.looseObject({ queue: schema.string() })),
  }),
  ratelimits: schema.array(
    schema.object({
      name: schema.string(),
      namespace_id: schema.string(),
      simple: schema.object({
        limit: schema.number(),
        period: schema.union([schema.literal(10), schema.literal(60)]),
      }),
    }),
  ),
});

/** Switches off the local trace collector, which takes more time than the code it watches, and Wrangler's own output. */
const ENVIRONMENT = { X_LOCAL_OBSERVABILITY: "false", WRANGLER_LOG: "none", WRANGLER_SEND_METRICS: "false" };

/** The running bench Worker. */
export class BenchRuntime {
  readonly #harness: TestHarness;
  #url = "";
  #commands = 0;

  /** @param root - folder of the project, or of another commit of it */
  constructor(root = PROJECT_ROOT) {
    this.#harness = createTestHarness({ root, workers: [{ config: readConfig(root) }] });
  }

  /** Builds and starts the Worker. */
  async start(): Promise<void> {
    Object.assign(process.env, ENVIRONMENT);
    const { url } = await this.#harness.listen();
    this.#url = url.href;
    await this.#harness.getWorker(NAME).applyD1Migrations("DB");
    await this.ask({ command: "setup" });
  }

  stop(): Promise<void> {
    return this.#harness.close();
  }

  /** Sends a command and returns its answer. @throws Error with the answer of the Worker if the command fails */
  async ask(command: Command): Promise<unknown> {
    if (++this.#commands % COMMANDS_PER_CLEARING === 0) this.#harness.clearLogs();
    const response = await fetch(this.#url, { method: "POST", body: JSON.stringify(command) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${command.command} failed: ${text}`);
    const answer: unknown = JSON.parse(text);
    return answer;
  }

  /** Sends a command. @returns its duration in milliseconds, measured by this process */
  async time(command: Command): Promise<number> {
    const startMs = performance.now();
    await this.ask(command);
    return performance.now() - startMs;
  }

  /** Makes messages and keeps them in the Worker under a name. */
  async prepare(name: string, workload: Workload): Promise<void> {
    await this.ask({ command: "prepare", name, workload });
  }

  /** Stores a history through a consumer. */
  async fill(consumer: ConsumerName, workload: Workload): Promise<void> {
    await this.ask({ command: "fill", consumer, workload });
  }

  stored(): Promise<number> {
    return this.ask({ command: "stored" }).then((answer) => schema.number().parse(answer));
  }

  count(name: string): Promise<Counted> {
    return this.ask({ command: "count", name }).then((answer) => countedSchema.parse(answer));
  }

  takeCounts(): Promise<Counted> {
    return this.ask({ command: "take_counts" }).then((answer) => countedSchema.parse(answer));
  }

  /** Rows and bytes of D1 by table. All tables are dropped, so no other command may follow. */
  tableBytes(): Promise<TableBytes> {
    return this.ask({ command: "table_bytes" }).then((answer) => tableBytesSchema.parse(answer));
  }

  /** Bytes of the database of a metered object. */
  objectBytes(identityUuid: string): Promise<number> {
    return this.ask({ command: "object_bytes", identityUuid }).then((answer) =>
      schema.number().parse(answer),
    );
  }

  lag(): Promise<Lag> {
    return this.ask({ command: "lag" }).then((answer) => lagSchema.parse(answer));
  }

  /** Resident memory, in bytes, of the runtime processes that this process started. */
  async memory(): Promise<number> {
    const { stdout } = await execa("ps", ["-A", "-o", "ppid=,rss=,comm="]);
    const ours = stdout
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([parent, , name]) => Number(parent) === process.pid && name?.includes("workerd"));
    if (ours.length === 0) throw new Error("the runtime's process was not found");
    return ours.reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1_024, 0);
  }
}

function readConfig(root: string) {
  const text = readFileSync(join(root, "wrangler.toml"), "utf8");
  const shipped = wranglerSchema.parse(parse(text));
  const bindings = [
    ...shipped.durable_objects.bindings,
    ...Object.entries(OBJECTS).map(([name, className]) => ({ name, class_name: className })),
  ];
  return {
    name: NAME,
    main: "src/bench/worker.ts",
    compatibility_date: shipped.compatibility_date,
    d1_databases: DATABASES.map((binding) => ({
      binding,
      database_name: binding.toLowerCase(),
      database_id: `bench-${binding.toLowerCase()}`,
      migrations_dir: "migrations",
    })),
    durable_objects: { bindings },
    migrations: [{ tag: "v1", new_sqlite_classes: bindings.map(({ class_name: className }) => className) }],
    queues: {
      producers: shipped.queues.producers,
      consumers: [
        ...shipped.queues.consumers,
        { queue: "attribution-events", max_batch_size: 100, max_batch_timeout: 1 },
      ],
    },
    ratelimits: shipped.ratelimits,
    vars: {
      ...shipped.vars,
      READ_TOKENS: READ_TOKEN,
      INGEST_TOKENS: "bench-ingest-token",
      ADMIN_TOKENS: "bench-admin-token",
      DECNET_WEBHOOK_SECRET: "bench-webhook-secret",
    },
  };
}
