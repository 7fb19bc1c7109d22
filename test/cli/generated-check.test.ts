/**
 * The check of generated files finds outdated files and leaves nothing behind. It runs the real generators on copies of the
 * project.
 */
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findOutdated } from "../../src/cli/generated-check.ts";

const TIMEOUT_MS = 60_000;
const COPIED = [
  "src",
  "migrations",
  "wrangler.toml",
  ".dev.vars.example",
  "drizzle.config.ts",
  "drizzle.object.config.ts",
  "package.json",
  "tsconfig.json",
  "worker-configuration.d.ts",
];

describe("generated:check", { timeout: TIMEOUT_MS }, () => {
  let project = "";

  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), "generated-check-test-"));
    await Promise.all(COPIED.map((name) => cp(name, join(project, name), { recursive: true })));
    await symlink(resolve("node_modules"), join(project, "node_modules"));
  });

  afterEach(() => rm(project, { recursive: true, force: true }));

  it("finds nothing in the unchanged project, with or without a .dev.vars", async () => {
    await writeFile(join(project, ".dev.vars"), 'SOMETHING_OF_MY_OWN="x"\n');
    const before = await readdir(project, { recursive: true });
    expect(await findOutdated(project)).toEqual([]);
    // Wrangler runs the project's own build, whose output git ignores.
    const after = await readdir(project, { recursive: true });
    expect(after.filter((path) => path.split("/")[0] !== "dist")).toEqual(before);
  });

  it("finds types that lack a variable, and a schema without its migration", async () => {
    const wrangler = join(project, "wrangler.toml");
    const toml = await readFile(wrangler, "utf8");
    await writeFile(wrangler, toml.replace("[vars]\n", '[vars]\nADDED_BY_THIS_TEST = "1"\n'));
    const schema = join(project, "src/storage/schema.ts");
    const text = await readFile(schema, "utf8");
    await writeFile(
      schema,
      `import { sqliteTable as addedTable, text as addedText } from "drizzle-orm/sqlite-core";\n${text}\nexport const added = addedTable("added", { name: addedText() });\n`,
    );
    const objectSchema = join(project, "src/identity/store/schema.ts");
    const objectText = await readFile(objectSchema, "utf8");
    await writeFile(objectSchema, objectText.replace('text("error")', 'text("added_by_this_test")'));
    const outdated = await findOutdated(project);
    expect(outdated).toHaveLength(3);
    expect(outdated[0]).toContain("worker-configuration.d.ts does not fit wrangler.toml");
    expect(outdated[1]).toMatch(/migrations do not fit src\/storage\/schema\.ts and .*: .*\.sql/);
    expect(outdated[2]).toContain("src/identity/store/migrations");
  });
});
