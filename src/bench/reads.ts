/** Sends requests to the shipped router: its own reads, and a bare object call that they are compared with. */
import { requireScope } from "../http/shared/access.ts";
import { revalidated } from "../http/shared/etag.ts";
import { app } from "../http/index.ts";
import type { BenchEnv } from "./env.ts";

/** Route of the bare call. It passes the same middleware as any other read. */
const BARE_PATH = "/api/v1/bench/:name";

app.get(BARE_PATH, requireScope("read"), revalidated, async (c) => {
  const env: Env & Partial<BenchEnv> = c.env;
  return c.json({ answer: await env.FLOOR?.getByName(c.req.param("name")).ping() });
});

/** Sends the same request a number of times, one after the other.
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
