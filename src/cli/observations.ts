/**
 * `npm run observations`: prints what D1 has stored of an attacker or an identity. Observations and events are stored in packed form, so a
 * query by `wrangler d1 execute` shows only bytes. This file is the command line; `observations/` does the work.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { normalizeUuid } from "../core/index.ts";
import { runCommand } from "./command.ts";
import { deployConfigFile, readRequirements } from "./deploy-config.ts";
import { askThroughWrangler, type DatabasePlace } from "./observations/database.ts";
import { printStored } from "./observations/run.ts";
import { PROJECT_ROOT } from "./wrangler.ts";

/** Bindings of the Worker's D1 databases. */
const DATABASE_BINDING = /^DB(_\d+)?$/;
/** Most lines of a table, unless asked for otherwise. */
const TABLE_LINES = 1_000;

interface Flags {
  readonly attacker?: string;
  readonly identity?: string;
  readonly events?: boolean;
  readonly json?: boolean;
  readonly limit?: number;
  readonly remote?: boolean;
  readonly database?: string;
  readonly config?: string;
  readonly persistTo?: string;
}

/** Reads the command line. */
export function observationsCommand(): Command {
  return new Command("observations")
    .description(
      "Prints the stored observations of an attacker, or of all attackers of an identity, decoded.",
    )
    .option("--attacker <uuid>", "the attacker", parseUuid)
    .option("--identity <uuid>", "the identity", parseUuid)
    .option("--events", "print the history of the identity (or of the attacker's) instead")
    .option(
      "--json",
      "print NDJSON: observations as `npm run replay` takes them, or events as they were sent",
    )
    .option(
      "--limit <n>",
      `at most so many observations or events (default: ${TABLE_LINES} in a table, all as NDJSON)`,
      parseLimit,
    )
    .option("--remote", "read the databases of the account, not those of the local Worker")
    .option("--database <name>", "look only in the database with this name or binding (default: in all)")
    .option(
      "--config <file>",
      "the Wrangler file, relative to the project (default: wrangler.toml; with --remote wrangler.deploy.toml)",
    )
    .option("--persist-to <directory>", "where the local Worker keeps its data (default: Wrangler's)")
    .addHelpText(
      "after",
      `
Examples:
  npm run observations -- --attacker 44dcda6a-0000-4000-8000-8775a8501e2c
  npm run --silent observations -- --identity 8f6f… --events --json --remote

Everything but the data itself goes to standard error. The exit code is 1 if nothing is known of the attacker or the identity.`,
    );
}

function parseUuid(text: string): string {
  const uuid = normalizeUuid(text);
  if (uuid === null) throw new InvalidArgumentError("It must be a UUID.");
  return uuid;
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new InvalidArgumentError("It must be a whole number from 1.");
}

/** The databases that a Wrangler file names, by binding. */
async function databasesOf(config: string): Promise<string[]> {
  const file = resolve(PROJECT_ROOT, config);
  const toml = await readFile(file, "utf8").catch(() => {
    const remedy =
      config === deployConfigFile("wrangler.toml") ? "Run npm run deploy first, or give" : "Give";
    throw new Error(`${config} cannot be read. ${remedy} another Wrangler file (--config).`);
  });
  return readRequirements(toml, config)
    .databases.map(({ binding }) => binding)
    .filter((binding) => DATABASE_BINDING.test(binding));
}

async function main(args: readonly string[]): Promise<void> {
  const flags = observationsCommand()
    .parse([...args], { from: "user" })
    .opts<Flags>();
  if (flags.attacker === undefined && flags.identity === undefined) {
    throw new Error("say whose observations to print: --attacker UUID or --identity UUID");
  }
  const isRemote = flags.remote ?? false;
  const place: DatabasePlace = {
    isRemote,
    config: flags.config ?? (isRemote ? deployConfigFile("wrangler.toml") : "wrangler.toml"),
    persistTo: flags.persistTo ?? null,
  };
  const names = flags.database === undefined ? await databasesOf(place.config) : [flags.database];
  const isJson = flags.json ?? false;
  await printStored(
    {
      attackerUuid: flags.attacker ?? null,
      identityUuid: flags.identity ?? null,
      isHistory: flags.events ?? false,
      isJson,
      limit: flags.limit ?? (isJson ? Infinity : TABLE_LINES),
    },
    {
      databases: names.map((name) => ({ name, ask: askThroughWrangler(name, place) })),
      print: (line) => console.log(line),
      note: (line) => console.error(line),
    },
  );
}

if (import.meta.main) await runCommand(main);
