/** Read requests to the API. */
import { exports } from "cloudflare:workers";

/** Sends one request, with the read token unless the test gives another one. */
export function get(
  path: string,
  options: { token?: string; headers?: Record<string, string>; method?: string } = {},
): Promise<Response> {
  const { token = "read-token", headers = {}, method = "GET" } = options;
  return exports.default.fetch(`https://x${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
}

/** A page of a list. */
export interface Page<T> {
  readonly data: T[];
  readonly next_cursor: string | null;
}

/** Reads a list page by page from a cursor to its end; returns its entries and the length of each page. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the type that it reads
export async function readAll<T>(
  path: string,
  from: string | null = null,
): Promise<{ data: T[]; lengths: number[] }> {
  const data: T[] = [];
  const lengths: number[] = [];
  let cursor = from;
  do {
    const mark: string = path.includes("?") ? "&" : "?";
    const response = await get(cursor === null ? path : `${path}${mark}cursor=${cursor}`);
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    const page = await response.json<Page<T>>();
    data.push(...page.data);
    lengths.push(page.data.length);
    if (page.next_cursor !== null && page.next_cursor === cursor) throw new Error(`${path} stands still`);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return { data, lengths };
}
