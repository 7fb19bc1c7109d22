/** The conformance material in `../shared/`. Tests that need it are skipped if it is absent. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../shared/", import.meta.url));

/** The message of a test that is skipped because the material is absent. */
export const SHARED_IS_ABSENT = "skipped: ../shared/ is not beside the project";

/** Whether a file of the material exists. */
export function hasShared(file: string): boolean {
  return existsSync(ROOT + file);
}

/** The lines of an NDJSON file, parsed; empty if it is absent. */
export function readSharedLines<T>(file: string, parse: (line: unknown) => T): T[] {
  if (!hasShared(file)) return [];
  const lines = readFileSync(ROOT + file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => parse(JSON.parse(line)));
}

/** A JSON file, parsed; null if it is absent. */
export function readSharedJson(file: string): unknown {
  return hasShared(file) ? JSON.parse(readFileSync(ROOT + file, "utf8")) : null;
}
