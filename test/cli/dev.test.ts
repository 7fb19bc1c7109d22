/**
 * `npm run dev`: it migrates the database that it serves, ends with Wrangler's exit code, and leaves no process.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { devVariables } from "../../src/cli/dev-variables.ts";
import { ensureDevVars, migrationFlags } from "../../src/cli/dev.ts";
import { applyLocalMigrations } from "../../src/cli/local-worker.ts";
import type { WranglerResult } from "../../src/cli/wrangler.ts";
import { type Running, start } from "./running.ts";

let directory = "";
let running: Running | null = null;

async function failToMigrate(): Promise<WranglerResult> {
  return { exitCode: 1, stdout: "", stderr: "no such table: x" };
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "dev-test-"));
});

afterEach(async () => {
  running?.destroy();
  running = null;
  await rm(directory, { recursive: true, force: true });
});

describe("migrationFlags", () => {
  it.each([
    [[], []],
    [["--port", "8801"], []],
    [
      ["--persist-to", "state"],
      ["--persist-to", "state"],
    ],
    [
      ["--port=8801", "--persist-to=state", "--live-reload"],
      ["--persist-to", "state"],
    ],
    [
      ["-c", "other.toml", "--env=staging"],
      ["--config", "other.toml", "--env", "staging"],
    ],
  ])("takes from Wrangler's flags what tells where the database is: %j", (flags, expected) => {
    expect(migrationFlags(flags)).toEqual(expected);
  });
});

describe("devVariables", () => {
  const TOML = `
name = "w"
[vars]
WINDOW_SIZE = "6"
HEARTBEAT = "on"
[env.staging.vars]
WINDOW_SIZE = 7
`;
  const FLAG = "WINDOW_SIZE:10";

  it.each([
    ["the Wrangler file", [], {}, "6"],
    ["its environment", ["--env", "staging"], {}, 7],
    [".dev.vars over it", [], { ".dev.vars": 'WINDOW_SIZE="8"' }, "8"],
    [".dev.vars of the environment", ["-e=staging"], { ".dev.vars.staging": "WINDOW_SIZE=8" }, "8"],
    [".env where there is no .dev.vars", [], { ".env": "WINDOW_SIZE=8" }, "8"],
    [
      "--env-file over .dev.vars",
      ["--env-file=e"],
      { ".dev.vars": "WINDOW_SIZE=8", e: "WINDOW_SIZE=9" },
      "9",
    ],
    ["--var over all", ["--var", FLAG], { ".dev.vars": "WINDOW_SIZE=8" }, "10"],
    ["--var=…", [`--var=${FLAG}`], {}, "10"],
    ["several values of one --var", ["--var", "A:1", FLAG, "--port", "1"], {}, "10"],
  ] as const)("are those that the Worker gets: %s", async (_, flags, files, expected) => {
    await writeFile(join(directory, "wrangler.toml"), TOML);
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    const variables = devVariables(["--config", join(directory, "wrangler.toml"), ...flags]);
    expect(variables["WINDOW_SIZE"]).toBe(expected);
  });
});

describe("ensureDevVars", () => {
  it("writes the example if there is no file, and does not change an existing one", async () => {
    await writeFile(join(directory, ".dev.vars.example"), "EXAMPLE=1\n");
    expect(await ensureDevVars(directory)).toBe(true);
    expect(await readFile(join(directory, ".dev.vars"), "utf8")).toBe("EXAMPLE=1\n");
    await writeFile(join(directory, ".dev.vars"), "MINE=1\n");
    expect(await ensureDevVars(directory)).toBe(false);
    expect(await readFile(join(directory, ".dev.vars"), "utf8")).toBe("MINE=1\n");
  });
});

describe("applyLocalMigrations", () => {
  it("reports the output of Wrangler if it fails", async () => {
    await expect(applyLocalMigrations([], failToMigrate)).rejects.toThrow(
      /could not be applied to the local database:\s+no such table: x/,
    );
  });
});

describe("applyLocalMigrations of several databases", () => {
  it("migrates each of them", async () => {
    const file = join(directory, "several.toml");
    const bindings = ["DB", "DB_2", "OTHER"];
    const tables = bindings.map((binding) => `[[d1_databases]]\nbinding = "${binding}"\ndatabase_name = "x"`);
    await writeFile(file, `name = "w"\n${tables.join("\n")}`);
    const commands: string[] = [];
    await applyLocalMigrations(["--config", file], (command) => {
      commands.push(command.join(" "));
      return Promise.resolve({ exitCode: 0, stdout: "", stderr: "" });
    });
    expect(commands).toEqual(
      ["DB", "DB_2"].map((binding) => `d1 migrations apply ${binding} --local --config ${file}`),
    );
  });
});

describe("npm run dev", { timeout: 120_000 }, () => {
  it("serves a migrated database, and ends all its processes", async () => {
    const port = await getPort({ host: "127.0.0.1" });
    running = start("src/cli/dev.ts", [
      "--port",
      String(port),
      "--ip=127.0.0.1",
      "--inspector-port=0",
      `--persist-to=${directory}`,
      // The tokens depend on the .dev.vars of this machine.
      "--env-file=.dev.vars.example",
    ]);
    await running.until(/Ready on http/);
    // An unmigrated database has no tables to count.
    const stats = await fetch(`http://127.0.0.1:${port}/api/v1/stats`, {
      headers: { authorization: "Bearer dev-read-token" },
    });
    expect([stats.status, await stats.json()]).toEqual([200, expect.objectContaining({ observations: 0 })]);

    running.kill("SIGTERM");
    expect((await running.ended).exitCode).toBe(143);
    await expect.poll(() => running?.isAnyoneLeft(), { timeout: 5_000 }).toBe(false);
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow("fetch failed");
  });

  it("refuses to start with a wrong variable, names it and its range, and has started nothing", async () => {
    running = start("src/cli/dev.ts", [`--persist-to=${directory}`, "--var", "WINDOW_SIZE:banana"]);
    const { exitCode, output } = await running.ended;
    expect(output).toContain('WINDOW_SIZE must be a whole number from 1 to 20, got "banana"');
    expect(exitCode).toBe(1);
    expect(await readdir(directory)).toEqual([]);
  });

  it("ends with Wrangler's exit code if it fails", async () => {
    running = start("src/cli/dev.ts", [`--persist-to=${directory}`, "--no-such-flag"]);
    const { exitCode, output } = await running.ended;
    expect(output).toContain("Unknown argument");
    expect(exitCode).toBe(1);
  });
});
