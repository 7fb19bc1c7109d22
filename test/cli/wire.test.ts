/** The wire schemas as others read them: in the dashboard's bundle, and in the documentation. */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { bundleDashboard, SMALL_ZOD } from "../../src/cli/bundle-dashboard.ts";
import { PROBLEMS } from "../../src/http/shared/problem.ts";

/** Bytes of the dashboard's script, compressed. */
const SCRIPT_LIMIT_BYTES = 85_000;

it("[dashboard] the script stays small, with the Worker's schemas in it", async () => {
  const script = (await bundleDashboard()).find(([path]) => path === "dashboard/main.js");
  expect(gzipSync(script?.[1] ?? "").length).toBeLessThanOrEqual(SCRIPT_LIMIT_BYTES);
});

it("[dashboard] the Worker's schemas use only what the small build of zod has", async () => {
  const { outputFiles } = await build({
    entryPoints: ["src/dashboard/schemas.ts"],
    bundle: true,
    write: false,
    format: "esm",
    alias: SMALL_ZOD,
  });
  const script = Buffer.from(outputFiles[0]?.contents ?? "").toString("base64");
  const { controlSchema, attributionSchema } = await import(`data:text/javascript;base64,${script}`);
  expect(controlSchema.parse({ paused: true })).toEqual({ paused: true });
  expect(attributionSchema.safeParse({ identity_uuid: 1 }).success).toBe(false);
});

it("[§7] every code of a problem is in docs/api.md, and no other", async () => {
  const page = await readFile("docs/api.md", "utf8");
  const table = page.slice(page.indexOf("| status | codes"), page.indexOf("## For the operator"));
  const described = table.split("\n").flatMap((row) => {
    const [, status = "", codes = ""] = row.split("|");
    return [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => `${status.trim()} ${code}`);
  });
  const answered = Object.entries(PROBLEMS).map(([code, { status }]) => `${status} ${code}`);
  expect(described.toSorted()).toEqual(answered.toSorted());
});
