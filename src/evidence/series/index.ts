/** Series as they are followed inside decisions: what is kept of them, and how it changes. */
export { followArrivals } from "./arrivals.ts";
export {
  type CommandsView,
  describeCommands,
  followBagArrivals,
  followBagsAgain,
  type Words,
} from "./bag-run.ts";
export { changedEvent, type ChangeItem, type Entry, withdrawnEvent } from "./entry.ts";
export { readFigures } from "./kept-series.ts";
export { type EvidencePath, pathOfBy, type PathWalk } from "./path.ts";
export { followAgain } from "./recompute.ts";
export { type Rules, rulesOf } from "./rules.ts";
export { runOf, type SeriesRun, withoutEntries } from "./run.ts";
export { type ChangeView, describeSeriesBy, type SeriesAsOf, seriesAsOfBy } from "./view.ts";
