/** Static files. The platform stores them; the Worker serves them with its own headers. */
import type { Context } from "hono";
import type { AppEnv } from "./access.ts";
import { ProblemError } from "./problem.ts";

/**
 * Answers with a file, or with 304 to a client that has it.
 * @param path - below the directory of assets, from a slash on
 * @throws ProblemError `not_found` if there is no such file
 */
export async function serveAsset(c: Context<AppEnv>, path: string): Promise<Response> {
  const { headers } = c.req.raw;
  const answer = await c.env.ASSETS.fetch(new Request(new URL(path, c.req.url), { headers }));
  if (answer.status === 404) throw new ProblemError("not_found", "No such file.");
  // A copy, so that headers can be added to it.
  return new Response(answer.body, answer);
}
