/**
 * The description of the API (OpenAPI 3.1), made from the routes, so that it cannot differ from what they do. Adds what
 * all routes have in common: how to sign in, and the problems that any of them can answer.
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AppEnv } from "./access.ts";
import { hoistNamed } from "./hoist-named.ts";
import { PROBLEMS, type ProblemCode } from "./problem.ts";
import { exampleProblem } from "./problem-schema.ts";

/** The app, as far as it describes itself. */
export type Described = Pick<OpenAPIHono<AppEnv>, "getOpenAPI31Document" | "openAPIRegistry">;

/** A description as it is served. */
export type ApiDocument = ReturnType<Described["getOpenAPI31Document"]>;
type PathItem = NonNullable<ApiDocument["paths"]>[string];
type Operation = NonNullable<PathItem["get"]>;
type Responses = NonNullable<Operation["responses"]>;

const INFO = {
  openapi: "3.1.0",
  info: {
    title: "Attribution Worker",
    version: "1",
    summary: "States of the identities behind attackers, from observations of their behaviour.",
    description: [
      "Times are epoch seconds (fractions allowed) unless a field says otherwise; UUIDs are taken with or without dashes.",
      "Lists are pages: `{ data, next_cursor }`. Send `next_cursor` back as `cursor` until it is null.",
      "Errors are problem documents (RFC 9457) with a `code` for programs and a `detail` for people.",
    ].join("\n\n"),
    license: { name: "MIT", identifier: "MIT" },
  },
  servers: [{ url: "/", description: "The Worker that serves this description" }],
  tags: [
    { name: "ingest", description: "Observations in" },
    { name: "attackers", description: "One source each" },
    { name: "identities", description: "The same hands: one or more attackers" },
    { name: "streams", description: "Server-Sent Events" },
    { name: "access", description: "Signing in" },
    { name: "maintenance", description: "Merging, rebuilding, erasing, dead letters" },
    { name: "operations", description: "Whether and how it runs" },
    {
      name: "dashboard",
      description: "Reads made for the dashboard; their shapes may change with its pages",
    },
  ],
};

const SECURITY_SCHEMES = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description:
      "A token with the scope that the route names: `read`, `ingest`, or `admin` (which includes both).",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "__Host-attribution_session",
    description:
      "What `POST /api/v1/session` sets. A write that comes with it must carry our own `Origin`. (Over plain HTTP on this machine the name has no `__Host-`.)",
  },
  ticket: {
    type: "apiKey",
    in: "query",
    name: "ticket",
    description:
      "A single-use ticket from `POST /api/v1/stream-tickets`, for an EventSource, which sends no headers.",
  },
  signature: {
    type: "apiKey",
    in: "header",
    name: "X-DECNET-Signature",
    description: "`sha256=` and the hex HMAC-SHA256 of the raw body with the webhook secret.",
  },
} as const;

/** Problems that a route has because it needs a token, because it takes a body or parameters, or that any route has. */
const COMMON: readonly {
  readonly code: ProblemCode;
  readonly detail: (operation: Operation) => string;
  readonly applies: (operation: Operation) => boolean;
}[] = [
  {
    code: "unauthorized",
    detail: () => "Send a token in the header Authorization: Bearer <token>.",
    applies: needsToken,
  },
  {
    code: "forbidden",
    detail: (operation) => `This needs the scope ${scopeOf(operation)}.`,
    applies: (operation) => scopeOf(operation) !== undefined,
  },
  {
    code: "rate_limited",
    detail: () => "Too many failed attempts. Wait 10 s.",
    applies: needsToken,
  },
  { code: "malformed_json", detail: () => "The body must be JSON.", applies: takesBody },
  { code: "too_large", detail: () => "The body must be at most 65536 bytes long.", applies: takesBody },
  { code: "unsupported_media_type", detail: () => "Send the body as application/json.", applies: takesBody },
  {
    code: "invalid_request",
    detail: () => "The field uuid is wrong: must be a UUID, with or without dashes.",
    applies: (operation) => takesBody(operation) || (operation.parameters ?? []).length > 0,
  },
  { code: "internal", detail: () => "The request failed; the log says why.", applies: () => true },
];

/** Not a parameter of the routes: there a typed client would have to give it at every call. */
const IF_NONE_MATCH = {
  name: "If-None-Match",
  in: "header",
  required: false,
  description: "Tags of the answers that the client has",
  schema: { type: "string" },
} as const;

/** Describes an app; the same one is read only once. */
export function describeApi(app: Described): ApiDocument {
  const document = known.get(app) ?? complete(app);
  known.set(app, document);
  return document;
}

const known = new WeakMap<Described, ApiDocument>();

function complete(app: Described): ApiDocument {
  for (const [name, scheme] of Object.entries(SECURITY_SCHEMES)) {
    app.openAPIRegistry.registerComponent("securitySchemes", name, scheme);
  }
  const document = app.getOpenAPI31Document(INFO);
  hoistNamed(document);
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    const { get, put, post, delete: remove } = item;
    for (const [method, operation] of Object.entries({ get, put, post, delete: remove })) {
      if (operation) addCommon(operation, method, path);
    }
  }
  return document;
}

function addCommon(operation: Operation, method: string, path: string): void {
  operation.operationId = operationId(method, path);
  // A route that takes a token takes a session instead of it, with the same scope.
  operation.security = (operation.security ?? []).flatMap((scheme) =>
    scheme["bearer"] ? [scheme, { session: scheme["bearer"] }] : [scheme],
  );
  const responses: Responses = operation.responses ?? {};
  if ("304" in responses) operation.parameters = [...(operation.parameters ?? []), IF_NONE_MATCH];
  for (const { code, detail, applies } of COMMON) {
    const { status, title } = PROBLEMS[code];
    if (!applies(operation) || status in responses) continue;
    responses[status] = {
      description: title,
      content: {
        "application/problem+json": {
          schema: { $ref: "#/components/schemas/Problem" },
          example: exampleProblem(code, detail(operation)),
        },
      },
    };
  }
  operation.responses = responses;
}

/** @example operationId("get", "/api/v1/identities/{uuid}/attribution") // "getIdentityAttribution" */
function operationId(method: string, path: string): string {
  const segments = path
    .replace(/^\/api\/v1/, "")
    .split("/")
    .filter((segment) => segment !== "");
  const words = segments.flatMap((segment, i) => {
    if (segment.startsWith("{")) return [];
    return (segments[i + 1]?.startsWith("{") ? singular(segment) : segment).split(/[-.]/);
  });
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function singular(word: string): string {
  return word.replace(/ies$/, "y").replace(/s$/, "");
}

function needsToken({ security }: Operation): boolean {
  return security?.some((scheme) => "bearer" in scheme) ?? false;
}

/** The scope that a token must have; undefined if any will do, or none is needed. */
function scopeOf({ security }: Operation): string | undefined {
  return security?.find((scheme) => "bearer" in scheme)?.["bearer"]?.[0];
}

function takesBody({ requestBody }: Operation): boolean {
  return requestBody !== undefined;
}
