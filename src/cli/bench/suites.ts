/** All suites in the order in which they run. The quick ones with stable figures come first. */
import type { MeasureName } from "../../bench/measures.ts";
import type { Suite } from "./bench.ts";
import { againstSuite, replaySpeedSuite } from "./suites/against.ts";
import { latencySuite, readSuite } from "./suites/answers.ts";
import { bytesSuite } from "./suites/bytes.ts";
import { coreSuite } from "./suites/core.ts";
import { countsSuite } from "./suites/counts.ts";
import { flatSuite } from "./suites/flat.ts";
import { floorSuite } from "./suites/floor.ts";
import { portSuite } from "./suites/port.ts";
import { replaySuite } from "./suites/replay.ts";

/** The suites that compare with another commit. */
const AGAINST: readonly Suite[] = [againstSuite, replaySpeedSuite];

export const SUITES: readonly Suite[] = [
  coreSuite,
  countsSuite,
  bytesSuite,
  floorSuite,
  flatSuite,
  readSuite,
  latencySuite,
  portSuite,
  replaySuite,
  ...AGAINST,
];

/** The measures that are taken if none is named. @param isCompared - whether there is a commit to compare with */
export function usualMeasures(isCompared: boolean): readonly MeasureName[] {
  return SUITES.filter((suite) => isCompared || !AGAINST.includes(suite)).flatMap(({ measures }) => measures);
}
