/**
 * `npm run build:assets`: puts together what the Worker serves as files, in `dist/assets`. Wrangler runs it before
 * `dev` and `deploy`, the tests before they start. A file that is as it should be is left alone, so that running it
 * beside a Worker that serves the directory disturbs nobody.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { bundleDashboard } from "./bundle-dashboard.ts";
import { PROJECT_ROOT } from "./wrangler.ts";

/** Where the Wrangler file says that they are. */
export const ASSETS_DIRECTORY = join(PROJECT_ROOT, "dist/assets");

/** Files by their path below the directory, with `/` between its parts. */
export type AssetFiles = Map<string, Uint8Array>;

/** Parts of Swagger UI that the description of the API is rendered with. */
const SWAGGER_UI_FILES = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];
const PAGE_FILES = ["index.html", "page.css", "page.js"];

/** Everything that is served, in memory. */
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
 * Makes a directory hold exactly these files.
 * @returns the paths that were written or removed; none if all was well
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
 * Puts a file in place in one step, unless it is there.
 * @param temporary - where it is written first: outside the directory, of which somebody may be reading the list
 * @returns whether it had to
 */
async function isWritten(path: string, content: Uint8Array, temporary: string): Promise<boolean> {
  const before = await readFile(path).catch(() => null);
  if (before?.equals(content)) return false;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(temporary, content);
  await rename(temporary, path);
  return true;
}

/** Builds what the Worker serves. @returns the paths that changed */
export async function buildAssets(): Promise<string[]> {
  return writeAssets(ASSETS_DIRECTORY, await collectAssets());
}

if (import.meta.main) {
  const changed = await buildAssets();
  if (changed.length > 0) console.log(`Built ${changed.length} files in ${relative(".", ASSETS_DIRECTORY)}.`);
}
