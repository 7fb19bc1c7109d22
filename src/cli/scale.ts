/**
 * `npm run scale`: calculates docs/scale.md's tables anew from `scale/inputs.ts` and puts them between its markers.
 * `-- --print` only prints them.
 */
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { filled } from "./scale/page.ts";
import { tables } from "./scale/tables.ts";

const PAGE = new URL("../../docs/scale.md", import.meta.url);

const { values } = parseArgs({ options: { print: { type: "boolean", default: false } } });
if (values.print) {
  console.log(Object.values(tables()).join("\n\n"));
} else {
  await writeFile(PAGE, filled(await readFile(PAGE, "utf8"), tables()));
  console.log("docs/scale.md is up to date; `npm run format` aligns its tables.");
}
