/** Asking the API. Every answer is read by its schema; every failure becomes one kind of error with a sentence. */
import { signal } from "@preact/signals";
import type * as z from "zod";
import { problemSchema, sessionSchema } from "./schemas.ts";

/** Who is signed in: undefined until known, null for nobody. */
export const session = signal<z.infer<typeof sessionSchema> | null | undefined>(undefined);
/** Whether a session ended while its pages were open. */
export const hasSessionEnded = signal(false);

/** A request that failed; `message` is for people. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Code of the problem document; `unreachable` if no answer came. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Method = "GET" | "POST" | "DELETE";

/** Asks for a path below `/api/v1`. @throws ApiError */
export async function ask<T extends z.ZodType>(
  path: string,
  schema: T,
  method: Method = "GET",
  body?: unknown,
): Promise<z.infer<T>> {
  const response = await send(`/api/v1${path}`, method, body);
  if (!response.ok) throw await failureOf(response);
  const read = schema.safeParse(await response.json());
  if (!read.success) throw new ApiError("unreadable", `The answer to ${path} is not what was expected.`);
  return read.data;
}

/** Looks who is signed in. @throws ApiError */
export async function readSession(): Promise<void> {
  const response = await send("/dashboard/session", "GET");
  if (!response.ok) throw await failureOf(response);
  const read = sessionSchema.parse(await response.json());
  session.value = read.scopes.length > 0 ? read : null;
}

/** Signs in with a token. @throws ApiError */
export async function signIn(token: string): Promise<void> {
  session.value = await ask("/session", sessionSchema, "POST", { token });
  hasSessionEnded.value = false;
}

/** Signs out, here and on the server. @throws ApiError */
export async function signOut(): Promise<void> {
  const response = await send("/api/v1/session", "DELETE");
  if (!response.ok) throw await failureOf(response);
  session.value = null;
}

async function send(path: string, method: Method, body?: unknown): Promise<Response> {
  const init: RequestInit = { method, credentials: "same-origin" };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "content-type": "application/json" };
  }
  try {
    return await fetch(path, init);
  } catch {
    throw new ApiError("unreachable", "The Worker does not answer. Is the network up?");
  }
}

async function failureOf(response: Response): Promise<ApiError> {
  const read = problemSchema.safeParse(await response.json().catch(() => null));
  const problem = read.success
    ? read.data
    : { code: "internal", detail: `The Worker answered ${response.status}.` };
  if (response.status === 401 && session.value) {
    session.value = null;
    hasSessionEnded.value = true;
  }
  return new ApiError(problem.code, problem.detail);
}

/** What went wrong, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
