/** Every operation of the API, from its own description, so that a walk over all of them misses none. */
import { z } from "zod";
import { ask } from "./request.ts";

const parameterSchema = z.object({ name: z.string(), in: z.enum(["path", "query", "header", "cookie"]) });
const operationSchema = z.object({
  summary: z.string(),
  security: z.array(z.record(z.string(), z.unknown())).default([]),
  parameters: z.array(parameterSchema).default([]),
  requestBody: z.unknown().optional(),
});
const descriptionSchema = z.object({ paths: z.record(z.string(), z.record(z.string(), operationSchema)) });

/** One operation, as far as walks need it. */
export interface Operation extends z.infer<typeof operationSchema> {
  readonly method: string;
  /** With `{name}` where a parameter stands. */
  readonly path: string;
}

/** Reads the operations that `/openapi.json` names. */
export async function readOperations(): Promise<Operation[]> {
  const description = descriptionSchema.parse(await (await ask("GET", "/openapi.json")).json());
  return Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  );
}

/** The path of an operation, its parameters replaced; a fresh UUID where nothing else is said. */
export function pathOf({ path }: Pick<Operation, "path">, parameters: Readonly<Record<string, string>> = {}) {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? crypto.randomUUID());
}

/** Ends an answer that may be a stream without end, and tells how it began. */
export async function end(response: Response): Promise<{ status: number; type: string; text: string }> {
  const type = response.headers.get("content-type") ?? "";
  const isStream = type.startsWith("text/event-stream");
  const text = isStream ? "" : await response.text();
  if (isStream) await response.body?.cancel();
  return { status: response.status, type, text };
}
