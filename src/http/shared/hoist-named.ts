/** Named schemas in the description of the API become components. */
import type { ApiDocument } from "./openapi.ts";
import { COMPONENT } from "./schema.ts";

type Schemas = NonNullable<NonNullable<ApiDocument["components"]>["schemas"]>;

/** Moves every schema that is named (`shared/schema.ts`) to the components and puts a reference in its place. */
export function hoistNamed(document: ApiDocument): void {
  const { components = {}, paths = {} } = document;
  const named: Schemas = {};
  document.paths = hoisted(paths, named);
  document.components = {
    ...components,
    schemas: { ...hoisted(components.schemas ?? {}, named), ...named },
  };
}

/** The same value with references; named schemas are added to `named`. */
function hoisted<T>(value: T, named: Schemas): T;
function hoisted(value: unknown, named: Schemas): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown) => hoisted(entry, named));
  if (typeof value !== "object" || value === null) return value;
  const schema: Record<string, unknown> = Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, key === "example" ? part : hoisted(part, named)]),
  );
  const { [COMPONENT]: name, ...rest } = schema;
  if (typeof name !== "string") return schema;
  named[name] = rest;
  return { $ref: `#/components/schemas/${name}` };
}
