/** Changes with a proven error rate: draws, the regime of a series, and a detector over plain values. */
export { ByteReader, ByteWriter } from "./bytes.ts";
export { type ChangeDetector, changeDetector, type Step } from "./detector.ts";
export { type Draw, drawOf, keyOf } from "./draw.ts";
export { type Hypothesis } from "./hypotheses.ts";
export { Regime, type RegimeSplit, type StepConstants } from "./regime.ts";
export { type SipKey } from "./siphash.ts";
export { type ChangeKind } from "./values.ts";
