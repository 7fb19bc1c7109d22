/** The change detector: against a second implementation, its error rate, its reservoir, and inputs that are unusual. */
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
