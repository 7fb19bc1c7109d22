/** Requests through the shipped router: its own reads, and a bare call to an object to compare them with. */
import { requireScope } from "../http/shared/access.ts";
import { revalidated } from "../http/shared/etag.ts";
import { app } from "../http/index.ts";
import type { BenchEnv } from "./env.ts";

/** Where the bare call is: behind everything that any other read is behind. */
const BARE_PATH = "/api/v1/bench/:name";

app.get(BARE_PATH, requireScope("read"), revalidated, async (c) => {
  const env: Env & Partial<BenchEnv> = c.env;
  return c.json({ answer: await env.FLOOR?.getByName(c.req.param("name")).ping() });
});

/** Asks the same a number of times, one after the other.
 * @throws Error if an answer is not 200 */
export async function askRepeatedly(path: string, times: number, env: BenchEnv): Promise<void> {
  for (let i = 0; i < times; i++) {
    const response = await app.fetch(
      new Request(`https://bench.invalid${path}`, {
        headers: { authorization: `Bearer ${env.READ_TOKENS}` },
      }),
      env,
    );
    await response.text();
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
  }
}
