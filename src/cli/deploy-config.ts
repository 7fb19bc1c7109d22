/**
 * What a Wrangler file needs of an account, and the copy of it that names this account's databases. The file itself
 * stays as it is in the repository: a database id belongs to one account, the rest to everybody.
 */
import { basename, dirname, extname, join } from "node:path";
import { parse, stringify, TomlError } from "smol-toml";
import { z } from "zod";

const wranglerSchema = z.object({
  name: z.string().min(1),
  d1_databases: z
    .array(z.looseObject({ binding: z.string().min(1), database_name: z.string().min(1) }))
    .min(1),
  queues: z
    .looseObject({
      producers: z.array(z.looseObject({ queue: z.string().min(1) })).default([]),
      consumers: z
        .array(z.looseObject({ queue: z.string().min(1), dead_letter_queue: z.string().min(1).optional() }))
        .default([]),
    })
    .default({ producers: [], consumers: [] }),
});

/** What has to be there before the Worker can run. */
export interface Requirements {
  readonly workerName: string;
  /** At least one. */
  readonly databases: readonly { readonly binding: string; readonly name: string }[];
  /** Every queue once: those written to, those read, and where their dead letters go. */
  readonly queues: readonly string[];
}

/** The secrets without which nobody gets in, and what each is for. */
export const SECRETS: Readonly<Record<string, string>> = {
  READ_TOKENS: "reading states, and the dashboard",
  INGEST_TOKENS: "sending observations over HTTP",
  ADMIN_TOKENS: "merging, erasing, rebuilding",
  DECNET_WEBHOOK_SECRET: "DECNET's webhook deliveries",
};

/**
 * Reads what a Wrangler file needs.
 * @param toml - its text
 * @param file - its name, for complaints
 * @throws Error naming the file and what is wrong with it
 */
export function readRequirements(toml: string, file: string): Requirements {
  const result = wranglerSchema.safeParse(parseToml(toml, file));
  if (!result.success) throw new Error(`${file}: ${z.prettifyError(result.error)}`);
  const { name, d1_databases: databases, queues } = result.data;
  const named = [
    ...queues.producers.map(({ queue }) => queue),
    ...queues.consumers.flatMap(({ queue, dead_letter_queue: deadLetters }) =>
      deadLetters === undefined ? [queue] : [queue, deadLetters],
    ),
  ];
  return {
    workerName: name,
    databases: databases.map(({ binding, database_name: database }) => ({ binding, name: database })),
    queues: [...new Set(named)],
  };
}

/** What a deployment's copy of the Wrangler file depends on. */
export interface DeployConfigOptions {
  /** Id by database name. */
  readonly databaseIds: ReadonlyMap<string, string>;
  /** Whether the account has the Free plan, which refuses `[limits]` and gives an invocation 10 ms of CPU. */
  readonly isFreePlan: boolean;
}

/** Messages per batch on the Free plan, so that a batch fits into its CPU time. */
const FREE_PLAN_BATCH_SIZE = 10;

/**
 * The Wrangler file to deploy with: the ids of this account's databases in it, and, for the Free plan, within its limits.
 * @param toml - its text
 * @param file - its name, for complaints
 * @throws Error naming the file and what is wrong with it
 */
export function makeDeployConfig(toml: string, file: string, options: DeployConfigOptions): string {
  const { limits, queues, ...rest } = parseToml(toml, file);
  const result = wranglerSchema.safeParse({ ...rest, queues });
  if (!result.success) throw new Error(`${file}: ${z.prettifyError(result.error)}`);
  const databases = result.data.d1_databases.map((database) => {
    const id = options.databaseIds.get(database.database_name);
    if (id === undefined) throw new Error(`no id is known for the database ${database.database_name}`);
    return Object.assign({}, database, { database_id: id });
  });
  const consumers = result.data.queues.consumers.map((consumer) =>
    Object.assign({}, consumer, options.isFreePlan ? { max_batch_size: FREE_PLAN_BATCH_SIZE } : {}),
  );
  const config = {
    ...rest,
    d1_databases: databases,
    queues: { ...result.data.queues, consumers },
    ...(limits === undefined || options.isFreePlan ? {} : { limits }),
  };
  const heading = `# Made from ${basename(file)} by \`npm run deploy\`, each time anew. Edit that file, not this one.\n`;
  return `${heading}${stringify(config)}\n`;
}

/** Where the copy goes: beside the original, so that every relative path in it holds.
 * @example deployConfigFile("wrangler.toml") // "wrangler.deploy.toml"
 */
export function deployConfigFile(file: string): string {
  return join(dirname(file), `${basename(file, extname(file))}.deploy.toml`);
}

function parseToml(toml: string, file: string): Record<string, unknown> {
  try {
    return parse(toml);
  } catch (error) {
    if (error instanceof TomlError) throw new Error(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}
