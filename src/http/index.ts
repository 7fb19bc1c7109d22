/** The HTTP API. */
export { app } from "./app.ts";
