/** Bundles the dashboard: one script, one style sheet, a page and an icon. `build-assets.ts` writes them. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { PROJECT_ROOT } from "./wrangler.ts";

const SOURCE = join(PROJECT_ROOT, "src/dashboard");
const COPIED = ["index.html", "icon.svg"];

/** Puts the small build of zod in the place of the one that the Worker's schemas name; esbuild also matches by prefix. */
export const SMALL_ZOD = { zod: "zod/mini", "zod/mini": "zod/mini" };

/**
 * The dashboard's files, by path below the directory of assets.
 * @throws Error naming file and line if the sources cannot be bundled
 */
export async function bundleDashboard(): Promise<[string, Uint8Array][]> {
  const bundled = build({
    entryPoints: [join(SOURCE, "main.tsx"), { in: join(SOURCE, "styles/main.css"), out: "main" }],
    outdir: SOURCE,
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2023",
    jsx: "automatic",
    jsxImportSource: "preact",
    alias: SMALL_ZOD,
    logLevel: "silent",
  });
  const copied = COPIED.map((name) => readFile(join(SOURCE, name)));
  const files = (await bundled).outputFiles.map(({ path, contents }): [string, Uint8Array] => [
    `dashboard/${basename(path)}`,
    contents,
  ]);
  const contents = await Promise.all(copied);
  return [
    ...files,
    ...COPIED.map((name, i): [string, Uint8Array] => [`dashboard/${name}`, contents[i] ?? new Uint8Array()]),
  ];
}
