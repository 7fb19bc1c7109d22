/** The dashboard's overview: sums over the newest events and totals, kept up to date by a job. */
export { type Overview, readOverview } from "./read.ts";
export { OVERVIEW_EVENTS } from "./store.ts";
export { updateOverviews } from "./update.ts";
