/** The headers that every answer carries, whatever it is: pages, files, JSON, problems and streams. */
import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";

const SELF = ["'self'"];
const NONE = ["'none'"];

/**
 * Only files of our own run, and nothing inline does; no other page may frame us, read us or send our forms. There is no
 * CORS: pages of other origins have no business here, programs need none.
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

/** Answers are not kept by anybody, unless a route says otherwise: they hold what was observed about people. */
export const defaultNoStore = createMiddleware(async (c, next) => {
  await next();
  // Setting a header also makes an answer that came from elsewhere writable for what follows.
  if (c.res.status !== 101) c.header("cache-control", c.res.headers.get("cache-control") ?? "no-store");
});
