/** `npm run scale`: calculates the tables of docs/scale.md from `scale/inputs.ts` and writes them between its markers. */
import { readFile, writeFile } from "node:fs/promises";
import { Command } from "commander";
import { runCommand } from "./command.ts";
import { filled } from "./scale/page.ts";
import { tables } from "./scale/tables.ts";

const PAGE = new URL("../../docs/scale.md", import.meta.url);

async function main(args: readonly string[]): Promise<void> {
  const { print } = new Command("scale")
    .description("Calculates what a load needs and costs, and writes it to docs/scale.md.")
    .option("--print", "only print the tables", false)
    .parse(args, { from: "user" })
    .opts<{ print: boolean }>();
  if (print) {
    console.log(Object.values(tables()).join("\n\n"));
    return;
  }
  await writeFile(PAGE, filled(await readFile(PAGE, "utf8"), tables()));
  console.log("docs/scale.md is up to date; `npm run format` aligns its tables.");
}

if (import.meta.main) await runCommand(main);
