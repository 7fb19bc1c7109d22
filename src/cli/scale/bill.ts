/** Calculates the monthly cost of a load at list prices, minus what the paid plan includes. Pure. */
import { type Billed, OPERATIONS_PER_MESSAGE, PRICES, queueOperations } from "../../bench/prices.ts";
import { ASSUMED_INPUTS, DAY_SECS, LIMITS, type Load, MEASURED } from "./inputs.ts";
import { useOf } from "./usage.ts";

/** The cost of one month. */
export interface Bill {
  readonly lines: readonly { readonly billed: Billed; readonly units: number; readonly usd: number }[];
  readonly usd: number;
  readonly usdPerMillion: number;
}

const MONTH_DAYS = 30;
/** Memory that an object is billed for while it runs. */
const OBJECT_GIGABYTES = 0.128;
const PLAN_USD = 5;

/** Stored data, in GB. */
interface Stored {
  readonly d1Gigabytes: number;
  readonly objectGigabytes: number;
}

/** The bill of a month in which retention removes as many observations as arrive. */
export function billFor(load: Load, stored: Stored): Bill {
  const { observationsPerMessage } = load;
  const observations = load.observationsPerSec * DAY_SECS * MONTH_DAYS;
  const messages = observations / observationsPerMessage;
  const batches = messages / LIMITS.queueBatch.value;
  const events = observations * MEASURED.eventsPerObservation.value;
  const use = useOf(observationsPerMessage);
  const units: Record<Billed, number> = {
    queueOperations:
      messages * queueOperations(observationsPerMessage * MEASURED.messageBytes.value) +
      events * OPERATIONS_PER_MESSAGE,
    d1RowsWritten: observations * use.d1RowsWritten,
    d1RowsRead: observations * use.d1RowsRead,
    d1Gigabytes: stored.d1Gigabytes,
    objectRequests: messages,
    objectRowsWritten: observations * use.objectRowsWritten,
    objectRowsRead: observations * MEASURED.objectRowsRead.value,
    objectGigabytes: stored.objectGigabytes,
    objectGigabyteSecs: messages * (ASSUMED_INPUTS.objectActiveMs.value / 1_000) * OBJECT_GIGABYTES,
    workerRequests: messages + batches,
    workerCpuMs:
      observations * ASSUMED_INPUTS.cpuMsPerObservation.value +
      (messages + batches) * ASSUMED_INPUTS.cpuMsPerRequest.value,
    logLines: messages + batches,
  };
  const lines = BILLED.map((billed) => ({ billed, units: units[billed], usd: usdOf(billed, units[billed]) }));
  const usd = lines.reduce((sum, line) => sum + line.usd, PLAN_USD);
  return { lines, usd, usdPerMillion: (usd / observations) * 1e6 };
}

/** US dollars for units beyond those that the paid plan includes. */
export function usdOf(billed: Billed, units: number): number {
  const { usd, per, included } = PRICES[billed];
  return (Math.max(units - included, 0) / per) * usd;
}

const BILLED = [
  "queueOperations",
  "d1RowsWritten",
  "d1RowsRead",
  "d1Gigabytes",
  "objectRequests",
  "objectRowsWritten",
  "objectRowsRead",
  "objectGigabytes",
  "objectGigabyteSecs",
  "workerRequests",
  "workerCpuMs",
  "logLines",
] as const satisfies readonly Billed[];
