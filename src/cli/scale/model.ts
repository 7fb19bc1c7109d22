/** From a load to what it needs and costs: arithmetic over the inputs, pure. */
import { type Bill, billFor } from "./bill.ts";
import { ASSUMED_INPUTS, DAY_SECS, LIMITS, type Load, MEASURED } from "./inputs.ts";

/** What a load needs. */
export interface Plan {
  readonly messagesPerSec: number;
  readonly queues: number;
  /** How long consumers may stand still before a queue is full, hours. */
  readonly outageHours: number;
  readonly outboundQueues: number;
  readonly outboundMessagesPerSec: number;
  /** Time of one batch, ms. */
  readonly batchMs: number;
  /** D1 statements of one batch. */
  readonly batchQueries: number;
  /** Consumers that run at the same time, over all queues. */
  readonly consumers: number;
  readonly d1GigabytesPerDay: number;
  readonly d1Gigabytes: number;
  /** What that is of what an account may hold at first. */
  readonly accountShare: number;
  /** How long one database lasts, days. */
  readonly daysPerDatabase: number;
  readonly databasesBySize: number;
  readonly databasesByRate: number;
  readonly databases: number;
  /** Deployments of the Worker, each with its own databases, queues and objects. */
  readonly workers: number;
  readonly objects: number;
  readonly objectGigabytes: number;
  /** Calls per second that an identity in every batch of its queue gets. */
  readonly hottestCallsPerSec: number;
  /** How long an identity with a hundredth of everything takes to fill its object, if nothing is let go of, days. */
  readonly hotIdentityDays: number;
  readonly bill: Bill;
}

/** How many observations fit into a message. */
export const LARGEST_SESSION = Math.floor(LIMITS.messageBytes.value / MEASURED.messageBytes.value);

/**
 * Plans for a load.
 * @throws RangeError if a message could not hold so many observations
 * @example planFor({ observationsPerSec: 100, observationsPerMessage: 1, retentionDays: 30 }).queues // 1
 */
export function planFor(load: Load): Plan {
  const { observationsPerSec, observationsPerMessage, retentionDays } = load;
  if (observationsPerMessage > LARGEST_SESSION) {
    throw new RangeError(
      `a message must hold at most ${LARGEST_SESSION} observations, got ${observationsPerMessage}`,
    );
  }
  const { rateReserve, sizeReserve, databasesPerWorker } = ASSUMED_INPUTS;
  const messagesPerSec = observationsPerSec / observationsPerMessage;
  const outboundMessagesPerSec = observationsPerSec * MEASURED.eventsPerObservation.value;
  const observations = observationsPerSec * DAY_SECS * retentionDays;

  const d1Bytes =
    MEASURED.d1ObservationBytes.value + MEASURED.eventsPerObservation.value * MEASURED.d1EventBytes.value;
  const databasesBySize = Math.ceil(
    (observations * d1Bytes) / (LIMITS.databaseBytes.value * sizeReserve.value),
  );
  const databasesByRate = byRate(load);
  const databases = Math.max(databasesBySize, databasesByRate);
  const workers = Math.ceil(databases / databasesPerWorker.value);
  const perQueue = LIMITS.queueMessagesPerSec.value * rateReserve.value;
  const queues = Math.max(workers, Math.ceil(messagesPerSec / perQueue));

  const spread = Math.min(databases, databasesPerWorker.value);
  const batchMs = batchTime(observationsPerMessage, spread);
  const batchesPerSec = messagesPerSec / LIMITS.queueBatch.value;
  const objects = observations * MEASURED.identitiesPerObservation.value;
  const objectGigabytes =
    (objects * MEASURED.objectBytes.value + observations * MEASURED.objectObservationBytes.value) / 1e9;
  const d1Gigabytes = (observations * d1Bytes) / 1e9;
  const messageBytes = observationsPerMessage * MEASURED.messageBytes.value;
  return {
    messagesPerSec,
    queues,
    outageHours: (LIMITS.queueBacklogBytes.value * queues) / (messagesPerSec * messageBytes) / 3_600,
    outboundQueues: Math.max(workers, Math.ceil(outboundMessagesPerSec / perQueue)),
    outboundMessagesPerSec,
    batchMs,
    batchQueries: touchedBy(spread) * MEASURED.d1Statements.value,
    consumers: Math.ceil((batchesPerSec * batchMs) / 1_000),
    d1GigabytesPerDay: d1Gigabytes / retentionDays,
    d1Gigabytes,
    accountShare: (d1Gigabytes * 1e9) / LIMITS.accountDatabaseBytes.value,
    daysPerDatabase: LIMITS.databaseBytes.value / (observationsPerSec * DAY_SECS * d1Bytes),
    databasesBySize,
    databasesByRate,
    databases,
    workers,
    objects,
    objectGigabytes,
    hottestCallsPerSec: batchesPerSec / queues,
    hotIdentityDays:
      LIMITS.objectBytes.value /
      (0.01 * observationsPerSec * DAY_SECS * MEASURED.objectObservationBytes.value),
    bill: billFor(load, { d1Gigabytes, objectGigabytes }),
  };
}

/** Databases that a batch touches, of so many, if each message is of another attacker. */
function touchedBy(databases: number): number {
  return databases * (1 - (1 - 1 / databases) ** LIMITS.queueBatch.value);
}

/** Messages that each of them gets. */
function messagesPerDatabase(databases: number): number {
  return LIMITS.queueBatch.value / touchedBy(databases);
}

/** Time of the transaction that a database does for a batch, ms. */
function transactionMs(rows: number): number {
  return ASSUMED_INPUTS.d1TransactionMs.value + rows * MEASURED.d1RowMs.value;
}

/** Databases that the rate needs, each doing one transaction after the other. */
function byRate({ observationsPerSec, observationsPerMessage }: Load): number {
  for (let databases = 1; ; databases++) {
    const spread = Math.min(databases, ASSUMED_INPUTS.databasesPerWorker.value);
    const rows = messagesPerDatabase(spread) * observationsPerMessage;
    const perSec = (rows / transactionMs(rows)) * 1_000 * ASSUMED_INPUTS.rateReserve.value;
    if (perSec * databases >= observationsPerSec) return databases;
  }
}

/** Time of a batch whose messages are each of another identity, ms. */
function batchTime(observationsPerMessage: number, databases: number): number {
  const messages = messagesPerDatabase(databases);
  const transactions = Math.ceil(touchedBy(databases) / LIMITS.d1Connections.value);
  const calls = Math.ceil(messages / LIMITS.objectCallsAtATime.value);
  return (
    transactions * transactionMs(messages * observationsPerMessage) +
    calls * ASSUMED_INPUTS.objectCallMs.value
  );
}
