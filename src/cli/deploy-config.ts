/**
 * What a Wrangler file needs of an account, and the copy of it that is deployed: with the ids of this account's
 * databases and the limits of production. The file itself stays as it is in the repository.
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
  ratelimits: z
    .array(
      z.looseObject({
        name: z.string(),
        simple: z.object({ limit: z.number().positive(), period: z.number().positive() }),
      }),
    )
    .optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
});

/** What has to exist before the Worker can run. */
export interface Requirements {
  readonly workerName: string;
  /** At least one. */
  readonly databases: readonly { readonly binding: string; readonly name: string }[];
  /** Every queue once: producers, consumers and dead-letter queues. */
  readonly queues: readonly string[];
}

/** The secrets that give access, and what each is for. */
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
  const { name, d1_databases: databases, queues } = readWranglerFile(parseToml(toml, file), file);
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

/**
 * The variables that a Wrangler file gives to the Worker, by name.
 * @param toml - its text
 * @param file - its name, for complaints
 * @throws Error naming the file and what is wrong with it
 */
export function readVariables(toml: string, file: string): Readonly<Record<string, unknown>> {
  return readWranglerFile(parseToml(toml, file), file).vars;
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

/** The binding that limits failed sign-ins. */
const SIGN_IN_LIMIT = "AUTH_FAILURE_RATE_LIMIT";
/**
 * Failed sign-ins of one address that a deployed Worker accepts: 20 per 60 s, enough for a sensor with an old token. The
 * Wrangler file allows 1,000 per 10 s, for tests and load on one machine.
 */
const DEPLOYED_SIGN_IN_LIMIT = { limit: 20, period: 60 } as const;

/**
 * The Wrangler file to deploy with: with the ids of this account's databases, with a limit on failed sign-ins that is
 * right for the internet (a stricter one in the file is kept), and, for the Free plan, within its limits.
 * @param toml - its text
 * @param file - its name, for complaints
 * @throws Error naming the file and what is wrong with it
 */
export function makeDeployConfig(toml: string, file: string, options: DeployConfigOptions): string {
  const { limits, ...rest } = parseToml(toml, file);
  const read = readWranglerFile(rest, file);
  const databases = read.d1_databases.map((database) => {
    const id = options.databaseIds.get(database.database_name);
    if (id === undefined) throw new Error(`no id is known for the database ${database.database_name}`);
    return Object.assign({}, database, { database_id: id });
  });
  const consumers = read.queues.consumers.map((consumer) =>
    Object.assign({}, consumer, options.isFreePlan ? { max_batch_size: FREE_PLAN_BATCH_SIZE } : {}),
  );
  const config = {
    ...rest,
    d1_databases: databases,
    queues: { ...read.queues, consumers },
    ...(read.ratelimits === undefined ? {} : { ratelimits: read.ratelimits.map(deployedLimit) }),
    ...(limits === undefined || options.isFreePlan ? {} : { limits }),
  };
  const heading = `# Made from ${basename(file)} by \`npm run deploy\`, each time anew. Edit that file, not this one.\n`;
  return `${heading}${stringify(config)}\n`;
}

type RateLimit = NonNullable<z.infer<typeof wranglerSchema>["ratelimits"]>[number];

function deployedLimit(binding: RateLimit): RateLimit {
  const { limit, period } = binding.simple;
  const most = DEPLOYED_SIGN_IN_LIMIT;
  const isStricter = limit / period <= most.limit / most.period;
  return binding.name === SIGN_IN_LIMIT && !isStricter ? { ...binding, simple: { ...most } } : binding;
}

/**
 * The name of the copy: beside the original, so that relative paths in it stay valid.
 * @example deployConfigFile("wrangler.toml") // "wrangler.deploy.toml"
 */
export function deployConfigFile(file: string): string {
  return join(dirname(file), `${basename(file, extname(file))}.deploy.toml`);
}

function readWranglerFile(parsed: Record<string, unknown>, file: string): z.infer<typeof wranglerSchema> {
  const result = wranglerSchema.safeParse(parsed);
  if (!result.success) throw new Error(`${file}: ${z.prettifyError(result.error)}`);
  return result.data;
}

function parseToml(toml: string, file: string): Record<string, unknown> {
  try {
    return parse(toml);
  } catch (error) {
    if (error instanceof TomlError) throw new Error(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}
