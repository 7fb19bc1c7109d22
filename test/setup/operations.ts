/** Every operation of the API, read from its OpenAPI description, for tests that go over all of them. */
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

/** The parts of an operation that tests use. */
export interface Operation extends z.infer<typeof operationSchema> {
  readonly method: string;
  /** Parameters stand in it as `{name}`. */
  readonly path: string;
}

/** Reads the operations from `/openapi.json`. */
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

/** The path of an operation with its parameters replaced; one without a given value gets a new UUID. */
export function pathOf({ path }: Pick<Operation, "path">, parameters: Readonly<Record<string, string>> = {}) {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? crypto.randomUUID());
}

/** Closes an answer, which may be an endless stream; returns its status, its type, and the text if it is no stream. */
export async function end(response: Response): Promise<{ status: number; type: string; text: string }> {
  const type = response.headers.get("content-type") ?? "";
  const isStream = type.startsWith("text/event-stream");
  const text = isStream ? "" : await response.text();
  if (isStream) await response.body?.cancel();
  return { status: response.status, type, text };
}
