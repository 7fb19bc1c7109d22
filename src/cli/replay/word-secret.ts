/** Finds the secret of words for a local Worker. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { PROJECT_ROOT } from "../wrangler.ts";

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * `WORD_SECRET` of `.dev.vars`, or null. It is for a local Worker only: the example's secret is public, so hashes that were made with it
 * must not reach another Worker by mistake.
 * @param url - origin of the Worker
 * @param directory - where `.dev.vars` is looked for
 */
export function localWordSecret(url: string, directory = PROJECT_ROOT): string | null {
  const file = join(directory, ".dev.vars");
  if (!LOCAL.has(new URL(url).hostname) || !existsSync(file)) return null;
  return parseEnv(readFileSync(file, "utf8"))["WORD_SECRET"] ?? null;
}
