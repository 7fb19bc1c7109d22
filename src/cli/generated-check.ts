/**
 * `npm run generated:check`: checks whether `npm run generate` would change the binding types (made from wrangler.toml) or
 * the migrations (made from the schema). It generates in a temporary copy, so it changes nothing in the project, and a
 * local .dev.vars has no effect.
 */
import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { PROJECT_ROOT, WRANGLER_ENVIRONMENT } from "./wrangler.ts";

const TYPES_FILE = "worker-configuration.d.ts";
/** The inputs of drizzle-kit and the directories of its migrations. */
const MIGRATIONS = [
  {
    config: "drizzle.config.ts",
    schema: "src/storage/schema.ts and src/evidence/schema.ts",
    directory: "migrations",
  },
  {
    config: "drizzle.object.config.ts",
    schema: "src/identity/store/schema.ts",
    directory: "src/identity/store/migrations",
  },
];
/** Files that the generators write; they are copied. */
const COPIED = [
  "wrangler.toml",
  ".dev.vars.example",
  "drizzle.config.ts",
  "drizzle.object.config.ts",
  "migrations",
  "src",
];
/** Files that they only read; they are linked. */
const LINKED = ["node_modules", "package.json", "tsconfig.json"];
/** Time after which a generator is ended, because it waits for an answer. It asks only if there is a change. */
const TIMEOUT_MS = 120_000;
/** drizzle-kit asks whether a column was renamed. Without a terminal it prints this error and exits with 0. */
const QUESTION = "Interactive prompts require a TTY";

/**
 * Generates the files in a copy and compares them.
 * @param root - absolute path of the project
 * @returns one sentence for each file that is out of date
 */
export async function findOutdated(root: string): Promise<string[]> {
  const copy = await mkdtemp(join(tmpdir(), "generated-check-"));
  try {
    await Promise.all(COPIED.map((name) => cp(join(root, name), join(copy, name), { recursive: true })));
    await Promise.all(LINKED.map((name) => symlink(join(root, name), join(copy, name))));
    const outdated = await outdatedTypes(root, copy);
    for (const kind of MIGRATIONS) outdated.push(...(await outdatedMigrations(root, copy, kind)));
    return outdated;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function outdatedTypes(root: string, copy: string): Promise<string[]> {
  const script = "node_modules/wrangler/bin/wrangler.js";
  const flags = ["types", "--include-runtime=false", "--env-file", ".dev.vars.example"];
  const failure = await generate(copy, [script, ...flags]);
  if (failure !== null) return [`${TYPES_FILE} cannot be generated:\n${failure}`];
  const [before, after] = await Promise.all([readTypes(root), readTypes(copy)]);
  return before === after ? [] : [`${TYPES_FILE} does not fit wrangler.toml and src/worker.ts`];
}

async function outdatedMigrations(
  root: string,
  copy: string,
  { config, schema, directory }: (typeof MIGRATIONS)[number],
): Promise<string[]> {
  const failure = await generate(copy, ["node_modules/drizzle-kit/bin.cjs", "generate", "--config", config]);
  if (failure !== null) return [`${directory} cannot be generated:\n${failure}`];
  const [before, after] = await Promise.all([
    readTree(join(root, directory)),
    readTree(join(copy, directory)),
  ]);
  const changed = [...after].filter(([name, text]) => before.get(name) !== text).map(([name]) => name);
  if (changed.length === 0) return [];
  return [`${directory} do not fit ${schema}: ${changed.toSorted().join(", ")} would be written`];
}

/** @returns the output of the generator if it failed or asked a question, or null */
async function generate(cwd: string, args: readonly string[]): Promise<string | null> {
  const result = await execa(process.execPath, args, {
    cwd,
    env: { ...WRANGLER_ENVIRONMENT, CI: "1", FORCE_COLOR: "0" },
    stdin: "ignore",
    all: true,
    reject: false,
    timeout: TIMEOUT_MS,
  });
  return result.failed || result.all.includes(QUESTION) ? result.all : null;
}

/** The types without the generating command, whose flags may have another order. */
async function readTypes(directory: string): Promise<string> {
  const text = await readFile(join(directory, TYPES_FILE), "utf8").catch(() => "");
  return text.replace(/by running `[^`]*`/, "");
}

async function readTree(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  return new Map(files.map((file, index) => [file.slice(directory.length + 1), texts[index] ?? ""]));
}

if (import.meta.main) {
  const outdated = await findOutdated(PROJECT_ROOT);
  for (const sentence of outdated) console.error(sentence);
  if (outdated.length > 0) console.error("Run `npm run generate` and commit what it writes.");
  else console.log("Generated files are up to date.");
  process.exitCode = outdated.length > 0 ? 1 : 0;
}
