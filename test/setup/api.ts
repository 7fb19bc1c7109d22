/** Calling the API as an admin. */
import { exports } from "cloudflare:workers";

/** A request to a path under `/api/v1/`, with the admin token unless another is given. */
export function call(method: string, path: string, body?: unknown, token = "admin-token"): Promise<Response> {
  return exports.default.fetch(`https://x/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
