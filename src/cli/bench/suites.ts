/** All suites in the order in which they run. The quick ones with stable figures come first. */
import type { Suite } from "./bench.ts";
import { latencySuite, readSuite } from "./suites/answers.ts";
import { coreSuite } from "./suites/core.ts";
import { countsSuite } from "./suites/counts.ts";
import { flatSuite } from "./suites/flat.ts";
import { floorSuite } from "./suites/floor.ts";
import { portSuite } from "./suites/port.ts";
import { replaySuite } from "./suites/replay.ts";

export const SUITES: readonly Suite[] = [
  coreSuite,
  countsSuite,
  floorSuite,
  flatSuite,
  readSuite,
  latencySuite,
  portSuite,
  replaySuite,
];
