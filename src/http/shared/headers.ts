/** The headers of every answer: pages, files, JSON, problems and streams. */
import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";

const SELF = ["'self'"];
const NONE = ["'none'"];

/**
 * Only scripts from our own files run, none inline; no other page may frame an answer, read it or send forms here. There
 * are no CORS headers: pages of other origins may not read the API, and programs do not need them.
 */
export const securityHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: NONE,
    scriptSrc: SELF,
    styleSrc: SELF,
    connectSrc: SELF,
    fontSrc: SELF,
    // Small pictures inside style sheets come as data.
    imgSrc: [...SELF, "data:"],
    manifestSrc: SELF,
    baseUri: NONE,
    formAction: SELF,
    frameAncestors: NONE,
  },
  crossOriginResourcePolicy: "same-origin",
  crossOriginOpenerPolicy: "same-origin",
  referrerPolicy: "no-referrer",
  strictTransportSecurity: "max-age=31536000",
  xFrameOptions: "DENY",
  permissionsPolicy: { camera: [], microphone: [], geolocation: [], payment: [], usb: [] },
});

/** Answers are not cached unless a route says otherwise, because they hold what was observed about people. */
export const defaultNoStore = createMiddleware(async (c, next) => {
  await next();
  // Setting a header makes the headers of a fetched answer mutable for the middleware that follows.
  if (c.res.status !== 101) c.header("cache-control", c.res.headers.get("cache-control") ?? "no-store");
});
