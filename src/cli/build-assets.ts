/**
 * `npm run build:assets`: writes the files that the Worker serves to `dist/assets`. Wrangler runs it before `dev` and
 * `deploy`, and the tests run it at their start. It does not write files that are already up to date, so it does not disturb
 * a Worker that serves the directory.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { bundleDashboard } from "./bundle-dashboard.ts";
import { PROJECT_ROOT } from "./wrangler.ts";

/** The directory of assets in the Wrangler file. */
const ASSETS_DIRECTORY = join(PROJECT_ROOT, "dist/assets");

/** Content by path below the directory; the separator is `/`. */
type AssetFiles = Map<string, Uint8Array>;

/** Files of Swagger UI, which renders the API description. */
const SWAGGER_UI_FILES = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];
const PAGE_FILES = ["index.html", "page.css", "page.js"];

/** Collects all served files in memory. */
export async function collectAssets(): Promise<AssetFiles> {
  const swaggerUi = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  const page = join(PROJECT_ROOT, "src/docs-page");
  const sources = [
    ...SWAGGER_UI_FILES.map((name) => join(swaggerUi, name)),
    ...PAGE_FILES.map((name) => join(page, name)),
  ];
  const files = sources.map(async (source): Promise<[string, Uint8Array]> => [
    `docs/${basename(source)}`,
    await readFile(source),
  ]);
  return new Map([...(await Promise.all(files)), ...(await bundleDashboard())]);
}

/**
 * Writes and removes files until a directory holds exactly these.
 * @returns the paths that were written or removed
 */
export async function writeAssets(directory: string, files: AssetFiles): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const present = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
  const stale = present.filter((path) => !files.has(path));
  await Promise.all(stale.map((path) => rm(join(directory, path), { force: true })));
  const written = await Promise.all(
    [...files].map(async ([path, content]) =>
      (await isWritten(join(directory, path), content, `${directory}-${randomUUID()}.tmp`)) ? [path] : [],
    ),
  );
  return [...stale, ...written.flat()];
}

/**
 * Writes a file atomically, unless it has this content already.
 * @param temporary - path that it is written to first, outside the directory, because a Worker may list the directory
 * @returns whether it was written
 */
async function isWritten(path: string, content: Uint8Array, temporary: string): Promise<boolean> {
  const before = await readFile(path).catch(() => null);
  if (before?.equals(content)) return false;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(temporary, content);
  await rename(temporary, path);
  return true;
}

/** Builds the served files. @returns the paths that changed */
export async function buildAssets(): Promise<string[]> {
  return writeAssets(ASSETS_DIRECTORY, await collectAssets());
}

if (import.meta.main) {
  const changed = await buildAssets();
  if (changed.length > 0) console.log(`Built ${changed.length} files in ${relative(".", ASSETS_DIRECTORY)}.`);
}
