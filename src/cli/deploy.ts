/**
 * `npm run deploy`: from a Cloudflare account to a running Worker. The steps are in `deploy-steps.ts`; docs/deploy.md lists
 * them with every command.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { runCommand } from "./command.ts";
import { SECRETS } from "./deploy-config.ts";
import { deploy, type DeployOptions } from "./deploy-steps.ts";
import { PROJECT_ROOT, runWrangler } from "./wrangler.ts";

/** Shortest and longest time a queue may keep messages, s. */
const RETENTION_SECS = { min: 60, max: 1_209_600 } as const;

interface DeployFlags {
  readonly config: string;
  readonly dryRun?: boolean;
  readonly freePlan?: boolean;
  readonly location?: string;
  readonly queueRetention?: number;
}

/** Reads the command line. */
export function deployCommand(): Command {
  return new Command("deploy")
    .description(
      "Creates the database and the queues that are missing, applies the migrations, deploys the Worker.",
    )
    .option("--dry-run", "look at the account and say what would be done, but change nothing")
    .option("--free-plan", "leave out what the Free plan refuses, and take smaller batches")
    .option("--config <file>", "the Wrangler file, relative to the project", "wrangler.toml")
    .addOption(
      new Option("--location <hint>", "where a new database is to live (default: near you)").choices([
        "weur",
        "eeur",
        "apac",
        "oc",
        "wnam",
        "enam",
      ]),
    )
    .option(
      "--queue-retention <secs>",
      "how long queues keep messages (Free plan: at most 86400)",
      retention,
    );
}

/**
 * What to do about secrets that are not set.
 * @param missing - their names
 * @param configFile - the Wrangler file that was deployed
 */
export function describeSecrets(missing: readonly string[], configFile: string): string {
  if (missing.length === 0) return "All secrets are set.";
  const config = configFile === "wrangler.toml" ? "" : ` --config ${configFile}`;
  const lines = missing.map(
    (name) =>
      `  # ${SECRETS[name] ?? ""}\n  openssl rand -hex 32 | tee /dev/stderr | npx wrangler secret put ${name}${config}`,
  );
  return [
    `Not set yet: ${missing.join(", ")}. A secret that is not set lets nobody in.`,
    "Each line makes one, shows it once (keep it) and sets it:",
    ...lines,
  ].join("\n");
}

async function main(args: readonly string[]): Promise<void> {
  const flags = deployCommand()
    .parse([...args], { from: "user" })
    .opts<DeployFlags>();
  const options: DeployOptions = {
    configFile: flags.config,
    isDryRun: flags.dryRun ?? false,
    isFreePlan: flags.freePlan ?? false,
    ...(flags.location === undefined ? {} : { location: flags.location }),
    ...(flags.queueRetention === undefined ? {} : { retentionSecs: flags.queueRetention }),
  };
  const { missingSecrets } = await deploy(options, {
    run: runWrangler,
    readFile: (file) => readFile(join(PROJECT_ROOT, file), "utf8"),
    writeFile: (file, text) => writeFile(join(PROJECT_ROOT, file), text),
    say: (line) => console.log(line),
  });
  console.log(`\n${describeSecrets(missingSecrets, options.configFile)}`);
}

function retention(text: string): number {
  const secs = Number(text);
  if (!Number.isInteger(secs) || secs < RETENTION_SECS.min || secs > RETENTION_SECS.max) {
    throw new InvalidArgumentError(
      `It must be a whole number of seconds from ${RETENTION_SECS.min} to ${RETENTION_SECS.max}.`,
    );
  }
  return secs;
}

if (import.meta.main) await runCommand(main);
