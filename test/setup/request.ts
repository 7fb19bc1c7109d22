/** HTTP requests to the Worker under test, and checks of its answers. */
import { env, exports } from "cloudflare:workers";
import { expect } from "vitest";
import { fetchLimited } from "./limits/worker.ts";

/** The tokens of the test environment. */
export const TOKENS = { read: "read-token", ingest: "ingest-token", admin: "admin-token" } as const;
/** The origin of requests to the Worker under test. */
export const ORIGIN = "https://attribution.test";

export interface Asked {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text, bytes and streams are sent unchanged; anything else is sent as JSON. */
  readonly body?: unknown;
  /** Bindings or variables that replace those of the environment. */
  readonly env?: Readonly<Record<string, unknown>>;
  readonly origin?: string;
}

/** Sends a request to the Worker as it runs, or, if the test gives bindings, to the app with these. */
export function ask(method: string, path: string, asked: Asked = {}): Promise<Response> {
  const headers = new Headers(asked.headers);
  if (asked.token !== undefined) headers.set("authorization", `Bearer ${asked.token}`);
  const { body } = asked;
  const isRaw = typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
  if (body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
  const init: RequestInit = { method, headers, redirect: "manual" };
  if (body !== undefined) init.body = isRaw ? (body as BodyInit) : JSON.stringify(body);
  const request = new Request((asked.origin ?? ORIGIN) + path, init);
  return asked.env ? fetchLimited(request, { ...env, ...asked.env }) : exports.default.fetch(request);
}

/** The parts of a problem document that tests use. */
export interface Problem extends Record<string, unknown> {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
}

/** Reads a problem document, and checks that its status is that of the answer. */
export async function readProblem(response: Response): Promise<Problem> {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = await response.json<Problem>();
  expect(problem).toMatchObject({
    type: expect.any(String),
    title: expect.any(String),
    status: response.status,
    code: expect.stringMatching(/^[a-z_]+$/),
    detail: expect.any(String),
  });
  return problem;
}
