/**
 * The steps from an account to a running Worker. Each step looks at the account before it acts, so running them again
 * after a failure, or for an update, does only what is missing. All of them act through Wrangler.
 */
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import {
  deployConfigFile,
  makeDeployConfig,
  readRequirements,
  readVariables,
  SECRETS,
} from "./deploy-config.ts";
import { describeWrongVariables } from "./variables.ts";
import type { WranglerResult, WranglerRunner } from "./wrangler.ts";

/** What the user asked for. */
export interface DeployOptions {
  /** The Wrangler file, relative to the project. */
  readonly configFile: string;
  /** Only look at the account and say what would be done. */
  readonly isDryRun: boolean;
  /** Keep to the limits of the Free plan. */
  readonly isFreePlan: boolean;
  /** Where a new database is to live, one of Cloudflare's hints (`weur`, `enam`, …). */
  readonly location?: string;
  /** How long queues keep messages, s: 60–86,400 on the Free plan, else up to 1,209,600. Default: the platform's. */
  readonly retentionSecs?: number;
}

/** The effects that the steps need. */
export interface DeployTools {
  readonly run: WranglerRunner;
  readFile(file: string): Promise<string>;
  writeFile(file: string, text: string): Promise<void>;
  /** Prints one line. */
  say(line: string): void;
}

/** A step that failed, with Wrangler's output. */
export class DeployError extends Error {
  override readonly name = "DeployError";
}

/** How a deployment ended. */
export interface DeployOutcome {
  /** Secrets that are not set; nobody has the access that they give until they are. */
  readonly missingSecrets: readonly string[];
}

const databasesSchema = z.array(z.object({ uuid: z.string().min(1), name: z.string() }));
const secretsSchema = z.array(z.object({ name: z.string() }));

/**
 * Checks the variables, then takes every step that is missing.
 * @throws DeployError naming the step that failed, or the variables that are wrong; running it again goes on from there
 */
export async function deploy(options: DeployOptions, tools: DeployTools): Promise<DeployOutcome> {
  const { configFile, isDryRun } = options;
  const source = await tools.readFile(configFile);
  const needed = readRequirements(source, configFile);
  const wrong = describeWrongVariables(readVariables(source, configFile), configFile);
  if (wrong !== null) throw new DeployError(wrong);
  await requireLogin(tools);
  const ids = await ensureDatabases(
    needed.databases.map(({ name }) => name),
    options,
    tools,
  );
  for (const queue of needed.queues) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time, so that a failure stops the rest
    await ensureQueue(queue, options, tools);
  }
  const deployFile = deployConfigFile(configFile);
  if (isDryRun) {
    tools.say(`would write    ${deployFile} with the database's id`);
    tools.say("would apply    the migrations that the database lacks");
    tools.say(`would deploy   the Worker ${needed.workerName}`);
  } else {
    await tools.writeFile(
      deployFile,
      makeDeployConfig(source, configFile, { databaseIds: ids, isFreePlan: options.isFreePlan }),
    );
    tools.say(`wrote          ${deployFile}`);
    for (const { binding, name } of needed.databases) {
      const apply = ["d1", "migrations", "apply", binding, "--remote", "--config", deployFile];
      // oxlint-disable-next-line no-await-in-loop -- one at a time, so that a failure stops the rest
      await must(tools, apply, `the migrations could not be applied to the database ${name}`);
      tools.say(`migrated       database ${name}`);
    }
    const deployed = await tools.run(["deploy", "--config", deployFile], { isShown: true });
    if (deployed.exitCode !== 0) throw new DeployError("the Worker could not be deployed (see above)");
    tools.say(`deployed       Worker ${needed.workerName}`);
  }
  return { missingSecrets: await missingSecrets(needed.workerName, options, tools) };
}

async function requireLogin(tools: DeployTools): Promise<void> {
  const { stdout } = await tools.run(["whoami", "--json"]);
  // Some tokens may not call whoami; the next step shows whether they may do the rest.
  if (!/"loggedIn":\s*false/.test(stdout)) return;
  throw new DeployError(
    "not signed in to Cloudflare: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN (docs/deploy.md, step 1)",
  );
}

async function ensureDatabases(
  names: readonly string[],
  options: DeployOptions,
  tools: DeployTools,
): Promise<Map<string, string>> {
  let ids = await listDatabases(options, tools);
  for (const name of names) {
    if (ids.has(name)) {
      tools.say(`found          database ${name}`);
    } else if (options.isDryRun) {
      tools.say(`would create   database ${name}`);
    } else {
      const location = options.location === undefined ? [] : ["--location", options.location];
      const create = ["d1", "create", name, ...location, "--config", options.configFile];
      // oxlint-disable-next-line no-await-in-loop -- one at a time, so that a failure stops the rest
      await must(tools, create, `the database ${name} could not be created`);
      tools.say(`created        database ${name}`);
      // oxlint-disable-next-line no-await-in-loop -- the list holds the new one's id
      ids = await listDatabases(options, tools);
      if (!ids.has(name))
        throw new DeployError(`the database ${name} was created but is not listed; run this again`);
    }
  }
  return ids;
}

async function listDatabases(options: DeployOptions, tools: DeployTools): Promise<Map<string, string>> {
  const list = ["d1", "list", "--json", "--config", options.configFile];
  const listed = await must(tools, list, "the account's databases could not be listed");
  const databases = readJson(listed.stdout, databasesSchema, "wrangler d1 list --json");
  return new Map(databases.map(({ name, uuid }) => [name, uuid]));
}

async function ensureQueue(name: string, options: DeployOptions, tools: DeployTools): Promise<void> {
  const config = ["--config", options.configFile];
  const retention =
    options.retentionSecs === undefined
      ? []
      : ["--message-retention-period-secs", String(options.retentionSecs)];
  const info = await tools.run(["queues", "info", name, ...config]);
  if (info.exitCode === 0) {
    tools.say(`found          queue ${name}`);
    if (retention.length === 0) return;
    if (options.isDryRun) return tools.say(`would set      its retention to ${options.retentionSecs} s`);
    const update = ["queues", "update", name, ...retention, ...config];
    await must(tools, update, `the retention of the queue ${name} could not be set`);
    return tools.say(`set            its retention to ${options.retentionSecs} s`);
  }
  if (!wordsOf(info).includes(`Queue "${name}" does not exist`)) {
    throw new DeployError(`the queue ${name} could not be looked up:\n${wordsOf(info)}`);
  }
  if (options.isDryRun) return tools.say(`would create   queue ${name}`);
  const create = ["queues", "create", name, ...retention, ...config];
  await must(tools, create, `the queue ${name} could not be created`);
  tools.say(`created        queue ${name}`);
}

async function missingSecrets(
  workerName: string,
  options: DeployOptions,
  tools: DeployTools,
): Promise<string[]> {
  const listed = await tools.run(["secret", "list", "--config", options.configFile]);
  if (listed.exitCode !== 0) {
    if (wordsOf(listed).includes(`Worker "${workerName}" not found`)) return Object.keys(SECRETS);
    throw new DeployError(`the Worker's secrets could not be listed:\n${wordsOf(listed)}`);
  }
  const listing = readJson(listed.stdout, secretsSchema, "wrangler secret list");
  const present = new Set(listing.map(({ name }) => name));
  return Object.keys(SECRETS).filter((name) => !present.has(name));
}

async function must(tools: DeployTools, args: readonly string[], failure: string): Promise<WranglerResult> {
  const result = await tools.run(args);
  if (result.exitCode !== 0) throw new DeployError(`${failure}:\n${wordsOf(result)}`);
  return result;
}

function wordsOf(result: WranglerResult): string {
  return stripVTControlCharacters(`${result.stdout}\n${result.stderr}`)
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^ ⛅️ wrangler|^─+$|Logs were written to/.test(line))
    .join("\n");
}

function readJson<S extends z.ZodType>(text: string, schema: S, command: string): z.infer<S> {
  const start = text.search(/^\[/m);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.slice(Math.max(start, 0)));
  } catch {
    throw new DeployError(`${command} answered something else than JSON:\n${text}`);
  }
  const result = schema.safeParse(parsed);
  if (!result.success) {
    throw new DeployError(`${command} answered something unexpected: ${z.prettifyError(result.error)}`);
  }
  return result.data;
}
