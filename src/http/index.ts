/** The HTTP API. */
export { app, type AppType } from "./app.ts";
