/** What a load costs in a month at list prices, what the paid plan includes taken off. Pure. */
import { type Billed, PRICES } from "../../bench/prices.ts";
import { ASSUMED_INPUTS, DAY_SECS, LIMITS, type Load, MEASURED } from "./inputs.ts";

/** A month. */
export interface Bill {
  readonly lines: readonly { readonly billed: Billed; readonly units: number; readonly usd: number }[];
  readonly usd: number;
  readonly usdPerMillion: number;
}

const MONTH_DAYS = 30;
/** A message is written, read and deleted. */
const OPERATIONS_PER_MESSAGE = 3;
const OPERATION_BYTES = 64_000;
/** What an object is billed for while it runs. */
const OBJECT_GIGABYTES = 0.128;
const PLAN_USD = 5;

/** What is stored, in GB. */
export interface Stored {
  readonly d1Gigabytes: number;
  readonly objectGigabytes: number;
}

/** The bill of a month in which as much is let go of as comes in. */
export function billFor(load: Load, stored: Stored): Bill {
  const { observationsPerMessage } = load;
  const observations = load.observationsPerSec * DAY_SECS * MONTH_DAYS;
  const messages = observations / observationsPerMessage;
  const batches = messages / LIMITS.queueBatch.value;
  const events = observations * MEASURED.eventsPerObservation.value;
  const operations = (bytes: number) => OPERATIONS_PER_MESSAGE * Math.ceil(bytes / OPERATION_BYTES);
  const units: Record<Billed, number> = {
    queueOperations:
      messages * operations(observationsPerMessage * MEASURED.messageBytes.value) +
      events * OPERATIONS_PER_MESSAGE,
    // What is let go of is a row written once more: as many as come, once the time is over.
    d1RowsWritten: observations * (MEASURED.d1RowsWritten.value + 1) + events,
    d1RowsRead: observations * MEASURED.d1RowsRead.value,
    d1Gigabytes: stored.d1Gigabytes,
    objectRequests: messages,
    objectRowsWritten: observations * (MEASURED.objectRowsWritten.value + 1),
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

/** What units of something cost beyond those included. */
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
