/** Asks D1 through `wrangler d1 execute`, which reaches the database of the local Worker as well as that of an account. */
import { z } from "zod";
import { runWrangler, type WranglerRunner } from "../wrangler.ts";

/** Where the databases are. */
export interface DatabasePlace {
  /** Whether in the account; else those of the local Worker. */
  readonly isRemote: boolean;
  /** The Wrangler file. */
  readonly config: string;
  /** Directory of the local Worker's data; null for Wrangler's own. */
  readonly persistTo: string | null;
}

/** Asks one database a question in SQL, and gives the rows. */
export type AskDatabase = (sql: string) => Promise<unknown>;

const answered = z.tuple([z.object({ results: z.array(z.unknown()) })]);
const failed = z.object({ error: z.object({ text: z.string() }) });

/** @param database - its binding or name */
export function askThroughWrangler(
  database: string,
  { isRemote, config, persistTo }: DatabasePlace,
  run: WranglerRunner = runWrangler,
): AskDatabase {
  const flags = [
    isRemote ? "--remote" : "--local",
    "--config",
    config,
    ...(persistTo === null ? [] : ["--persist-to", persistTo]),
  ];
  return async (sql) => {
    const { stdout, stderr } = await run(["d1", "execute", database, ...flags, "--json", "--command", sql]);
    const answer = parseJson(stdout);
    const good = answered.safeParse(answer);
    if (good.success) return good.data[0].results;
    const bad = failed.safeParse(answer);
    const reason = bad.success ? bad.data.error.text : `${stdout}\n${stderr}`.trim();
    throw new Error(describeFailure(database, reason, isRemote));
  };
}

function describeFailure(database: string, reason: string, isRemote: boolean): string {
  const table = /no such table: (\w+)/.exec(reason)?.[1];
  if (table === undefined) return `the database ${database} cannot be read: ${reason}`;
  const remedy = isRemote
    ? "Apply the migrations (npm run deploy)."
    : "Start the local Worker once (npm run dev), or say where its data is (--persist-to), or read the account's database (--remote).";
  return `the database ${database} has no table ${table}: it is empty, or of an earlier version. ${remedy}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
