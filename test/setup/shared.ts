/** The conformance material beside the project, where it is there; tests that need it skip with this message otherwise. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../shared/", import.meta.url));

/** Shown by a test that skips because the material is absent. */
export const SHARED_IS_ABSENT = "skipped: ../shared/ is not beside the project";

/** Whether a file of the material is there. */
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
