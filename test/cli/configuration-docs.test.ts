/** docs/configuration.md lists every setting with its default and range, and no other. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { THRESHOLD_SPECS } from "../../src/core/thresholds.ts";

const ROOT = new URL("../../", import.meta.url);
const [page = "", config = "", evidence = "", wranglerFile = "", exampleSecrets = ""] = await Promise.all(
  [
    "docs/configuration.md",
    "src/config.ts",
    "src/evidence/variables.ts",
    "wrangler.toml",
    ".dev.vars.example",
  ].map((file) => readFile(new URL(file, ROOT), "utf8")),
);

/** The rows of the page's tables that begin with a name in capitals: the name, then the other columns. */
const rows = new Map(
  page
    .split("\n")
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((column) => column.trim()),
    )
    .flatMap(([first = "", ...columns]) => {
      const name = /^`([A-Z][A-Z_]+)`$/.exec(first)?.[1];
      return name === undefined ? [] : [[name, columns] as const];
    }),
);

describe("docs/configuration.md", () => {
  it.each(Object.values(THRESHOLD_SPECS).map((spec) => [spec.variable, spec] as const))(
    "says of %s what the core says",
    (variable, { standard, min, max, isInteger }) => {
      const [said, range = ""] = rows.get(variable) ?? [];
      expect(Number(said)).toBe(standard);
      const [from, to] = range.replace(", whole", "").split(" to ").map(Number);
      expect([from, to, range.endsWith(", whole")]).toEqual([min, max, isInteger]);
    },
  );

  it("names every variable that the settings read", () => {
    const read = [...`${config}${evidence}`.matchAll(/(?:read|textOf)\("([A-Z_]+)"\)/g)].map(
      ([, name = ""]) => name,
    );
    expect(read.length).toBeGreaterThan(5);
    expect(read.filter((name) => !rows.has(name))).toEqual([]);
  });

  it("names every secret, and every rate limit", () => {
    const secrets = [...exampleSecrets.matchAll(/^([A-Z_]+)=/gm)].map(([, name = ""]) => name);
    expect(secrets.length).toBe(6);
    expect(secrets.filter((name) => !rows.has(name))).toEqual([]);
    const limits = [...wranglerFile.matchAll(/^name = "([A-Z_]+_RATE_LIMIT)"/gm)];
    expect(limits.length).toBe(2);
    for (const [, name] of limits) expect(page).toContain(`\`${name}\``);
  });

  it("names no setting that does not exist", () => {
    const known = `${config}${evidence}${exampleSecrets}${JSON.stringify(THRESHOLD_SPECS)}`;
    expect([...rows.keys()].filter((name) => !known.includes(name))).toEqual([]);
  });
});
