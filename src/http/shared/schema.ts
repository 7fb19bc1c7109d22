/**
 * Building wire schemas. A `wire.ts` is read by the Worker, the command line and the dashboard, whose bundle puts
 * `zod/mini` in the place of `zod`: so it uses functions that both have (`z.nullable(z.string())`, not
 * `z.string().nullable()`) and imports nothing of the Worker but the core.
 */
import * as z from "zod";

/** Under this key the metadata of a schema holds its name in the description of the API. */
export const COMPONENT = "component";

/** A schema with a sentence for the description of the API, and what it also says there. */
export function described<T extends z.ZodType>(
  schema: T,
  description: string,
  more: Readonly<Record<string, unknown>> = {},
): T {
  z.globalRegistry.add(schema, { description, ...more });
  return schema;
}

/**
 * A schema that the description of the API names, so that routes refer to it instead of repeating it.
 * @param name - in PascalCase, unique in the API
 */
export function named<T extends z.ZodType>(name: string, schema: T): T {
  z.globalRegistry.add(schema, { [COMPONENT]: name });
  return schema;
}

/** A page of a list (contract §7). */
export function pageSchema<T extends z.ZodType>(name: string, entry: T) {
  return named(name, z.object({ data: z.array(entry), next_cursor: z.nullable(z.string()) }));
}

/** Adds an example of a named schema to the description of the API. For the Worker only, so that bundles are without. */
export function exampleOf<T extends z.ZodType>(schema: T, example: z.infer<T>): void {
  z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), example });
}
