/** Requests that are refused before they reach a route. */
import type { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { except } from "hono/combine";
import { createMiddleware } from "hono/factory";
import { methodNotAllowed } from "hono/method-not-allowed";
import type { AppEnv } from "./access.ts";
import { ProblemError, problemResponse } from "./problem.ts";

/** Longest address, in characters; no address with a cursor is longer. */
const URL_LIMIT_CHARACTERS = 4_096;
/** Longest body of a route that takes no events, in bytes. */
const SMALL_BODY_LIMIT_BYTES = 64 * 1024;
/** Routes that read their body themselves, up to a limit of their own. */
const OWN_LIMIT = ["/api/v1/observations", "/api/v1/webhooks/*"];

/** Answers 405 with the methods that an address takes. */
export function refuseOtherMethods(app: Hono<AppEnv>) {
  return methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) => {
      const allow = methods.join(", ");
      const detail = `${c.req.path} takes ${allow}.`;
      return problemResponse(c, new ProblemError("method_not_allowed", detail, {}, { allow }));
    },
  });
}

/** Refuses addresses that are too long. */
export const refuseLongUrls = createMiddleware<AppEnv>(async (c, next) => {
  if (c.req.url.length > URL_LIMIT_CHARACTERS) {
    throw new ProblemError("uri_too_long", `An address has at most ${URL_LIMIT_CHARACTERS} characters.`);
  }
  await next();
});

/** Refuses bodies that are too long for a route without a limit of its own. */
export const limitSmallBodies = except(
  OWN_LIMIT,
  bodyLimit({
    maxSize: SMALL_BODY_LIMIT_BYTES,
    onError: () => {
      throw new ProblemError("too_large", `The body must be at most ${SMALL_BODY_LIMIT_BYTES} bytes long.`);
    },
  }),
);
