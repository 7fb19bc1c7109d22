/** Calculates what a load needs and costs. Pure. */
import { type Bill, billFor } from "./bill.ts";
import { ASSUMED_INPUTS, BY_ARRIVAL, DAY_SECS, LIMITS, type Load, MEASURED } from "./inputs.ts";
import { perObservation, useOf } from "./usage.ts";

/** What a load needs and costs. */
export interface Plan {
  readonly messagesPerSec: number;
  readonly queues: number;
  /** How long the consumers may be stopped until a queue is full, hours. */
  readonly outageHours: number;
  readonly outboundQueues: number;
  readonly outboundMessagesPerSec: number;
  /** Duration of one batch, ms. */
  readonly batchMs: number;
  /** D1 statements of one batch. */
  readonly batchQueries: number;
  /** Consumers that run at the same time, over all queues. */
  readonly consumers: number;
  readonly d1GigabytesPerDay: number;
  readonly d1Gigabytes: number;
  /** The same as a share of the default limit of an account. */
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
  /** Calls per second of an identity that is in every batch of its queue. */
  readonly hottestCallsPerSec: number;
  /** Days until the object of an identity with a hundredth of all observations is full, without retention. */
  readonly hotIdentityDays: number;
  readonly bill: Bill;
}

/** Maximum number of observations per message. */
export const LARGEST_SESSION = Math.floor(LIMITS.messageBytes.value / MEASURED.messageBytes.value);

/**
 * The plan for a load.
 * @throws RangeError if the observations of a message exceed `LARGEST_SESSION`
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

  const { d1Bytes, objectBytes } = useOf(observationsPerMessage);
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
  const objectGigabytes = (objects * MEASURED.objectBaseBytes.value + observations * objectBytes) / 1e9;
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
    hotIdentityDays: LIMITS.objectBytes.value / (0.01 * observationsPerSec * DAY_SECS * objectBytes),
    bill: billFor(load, { d1Gigabytes, objectGigabytes }),
  };
}

/** Expected number of databases that a batch writes to, if each message belongs to another attacker. */
function touchedBy(databases: number): number {
  return databases * (1 - (1 - 1 / databases) ** LIMITS.queueBatch.value);
}

/** Messages of a batch per database that it writes to. */
function messagesPerDatabase(databases: number): number {
  return LIMITS.queueBatch.value / touchedBy(databases);
}

/** Duration of the transaction of one database and batch, ms. */
function transactionMs(messages: number, observationsPerMessage: number): number {
  const observations = messages * observationsPerMessage;
  return (
    ASSUMED_INPUTS.d1TransactionMs.value +
    observations * perObservation(BY_ARRIVAL.d1Ms, observationsPerMessage)
  );
}

/** Number of databases that the rate needs. Each runs one transaction at a time. */
function byRate({ observationsPerSec, observationsPerMessage }: Load): number {
  for (let databases = 1; ; databases++) {
    const messages = messagesPerDatabase(Math.min(databases, ASSUMED_INPUTS.databasesPerWorker.value));
    const transactionsPerSec = 1_000 / transactionMs(messages, observationsPerMessage);
    const perSec = messages * observationsPerMessage * transactionsPerSec * ASSUMED_INPUTS.rateReserve.value;
    if (perSec * databases >= observationsPerSec) return databases;
  }
}

/** Duration of a batch whose messages each belong to another identity, ms. */
function batchTime(observationsPerMessage: number, databases: number): number {
  const messages = messagesPerDatabase(databases);
  const transactions = Math.ceil(touchedBy(databases) / LIMITS.d1Connections.value);
  const calls = Math.ceil(messages / LIMITS.objectCallsAtATime.value);
  return (
    transactions * transactionMs(messages, observationsPerMessage) + calls * ASSUMED_INPUTS.objectCallMs.value
  );
}
