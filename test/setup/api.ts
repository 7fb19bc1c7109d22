/** Requests to the API with the admin token. */
import { exports } from "cloudflare:workers";

/** Sends a request to a path under `/api/v1/`, with the admin token unless the test gives another one. */
export function call(method: string, path: string, body?: unknown, token = "admin-token"): Promise<Response> {
  return exports.default.fetch(`https://x/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
