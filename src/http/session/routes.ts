/** Signing in to the dashboard and out of it. The cookie itself is made and read by `shared/session.ts`. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { type AppEnv, authenticate, requireOwnOrigin } from "../shared/access.ts";
import { problemAnswer } from "../shared/problem-schema.ts";
import { ProblemError } from "../shared/problem.ts";
import { limitAuthFailures } from "../shared/rate-limit.ts";
import { closeSession, hasSessionCookie, openSession } from "../shared/session.ts";
import { type Scope, SCOPES } from "../shared/scopes.ts";
import { grantOfToken } from "../shared/tokens.ts";
import { rejectInvalid } from "../shared/validation.ts";
import { sessionSchema } from "./wire.ts";

const credentialsSchema = z.object({ token: z.string().min(1).max(512) }).openapi("Credentials");
const sessionAnswer = {
  description: "Who is signed in",
  content: { "application/json": { schema: sessionSchema } },
} as const;

const WRONG_ORIGIN = problemAnswer(
  "wrong_origin",
  "A write with the session cookie must carry our own Origin.",
);

const postSession = createRoute({
  method: "post",
  path: "/session",
  tags: ["access"],
  summary: "Sign in: sets a cookie that stands for the token",
  request: { body: { required: true, content: { "application/json": { schema: credentialsSchema } } } },
  responses: {
    200: sessionAnswer,
    401: problemAnswer("unauthorized", "The token is not known."),
    403: WRONG_ORIGIN,
    429: problemAnswer("rate_limited", "Too many requests without a right token. Wait 10 s."),
  },
});

const getSession = createRoute({
  method: "get",
  path: "/session",
  tags: ["access"],
  summary: "Who is signed in, and with which scopes",
  security: [{ bearer: [] }],
  responses: { 200: sessionAnswer },
});

const deleteSession = createRoute({
  method: "delete",
  path: "/session",
  tags: ["access"],
  summary: "Sign out",
  responses: { 204: { description: "Signed out, or was not signed in" }, 403: WRONG_ORIGIN },
});

export const sessionRoutes = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  .openapi(postSession, async (c) => {
    // A browser says where it comes from; other pages must not sign it in.
    if (c.req.header("origin") !== undefined) requireOwnOrigin(c);
    const grant = await grantOfToken(c.req.valid("json").token, c.env);
    if (!grant) {
      await limitAuthFailures(c.env, c.req.raw);
      throw new ProblemError("unauthorized", "The token is not known.");
    }
    const expiresTs = await openSession(c, grant);
    return c.json({ scopes: inOrder(grant.scopes), expires_at: expiresTs }, 200);
  })
  .openapi(getSession, async (c) => {
    const authenticated = await authenticate(c);
    if (!authenticated) {
      await limitAuthFailures(c.env, c.req.raw);
      throw new ProblemError("unauthorized", "Nobody is signed in.");
    }
    const { scopes, expiresTs } = authenticated;
    return c.json({ scopes: inOrder(scopes), expires_at: expiresTs }, 200);
  })
  .openapi(deleteSession, (c) => {
    if (hasSessionCookie(c)) requireOwnOrigin(c);
    closeSession(c);
    return c.body(null, 204);
  });

function inOrder(scopes: ReadonlySet<Scope>): Scope[] {
  return SCOPES.filter((scope) => scopes.has(scope));
}
