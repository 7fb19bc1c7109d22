/**
 * Plays histories: delivers messages to the real consumer, asks the real API, runs the alarms of the real objects. One step
 * follows another; while a step is paused, others are played within it.
 */
import {
  createExecutionContext,
  createMessageBatch,
  evictDurableObject,
  getQueueResult,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { chooseShard } from "../../src/core/index.ts";
import { app } from "../../src/http/index.ts";
import { MAINTENANCE, sweep, type SweepLimits, type SweepReport } from "../../src/maintenance/index.ts";
import worker from "../../src/worker.ts";
import { act } from "./acts.ts";
import { DATABASE_NAMES } from "./bindings.ts";
import { clear, usesMaintenance } from "./clear.ts";
import { aim, aimAgain, injection, type Pause, startHistory } from "./injection.ts";
import { invoke } from "./invocation.ts";
import { bodyOf, type Cast, castOf } from "./messages.ts";
import { MAX_DELIVERIES, type Plan, type Step } from "./plan.ts";
import { makeRetriesDue, snapshotOf, waitingWork } from "./snapshot.ts";

const QUEUE = "attacker-observations";
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
/** If nothing changes for so long, a step is taken to wait for the step that is paused, or for a page that is held back. */
const STUCK_MS = 40;
/** If nothing changes for so long, an object that was given a page has done with it what it can. */
const QUIET_MS = 5;
/** If nothing changes for so long, a step hangs. */
const HANGING_MS = 10_000;

/** A message as the queue holds it. */
export interface Queued {
  readonly id: string;
  readonly body: unknown;
  /** Deliveries so far. */
  attempts: number;
  isAcked: boolean;
}

/** A step that does not end. */
export class Hanging extends Error {}

export class World {
  readonly plan: Plan;
  readonly cast: Cast;
  readonly queue: Queued[];
  /** Steps that wait for pages that are held back. */
  readonly #unfinished = new Set<Promise<void>>();
  /** What went wrong during the steps, in words. */
  readonly problems: string[] = [];
  /** Whether a request failed whose rest is left to the sweep: without a reason, it must find nothing to repair. */
  mayNeedSweep = false;
  /** Epoch seconds; observations before it may have expired. */
  horizonTs = -Infinity;

  constructor(plan: Plan) {
    this.plan = plan;
    this.cast = castOf(plan, Date.now() / 1_000);
    this.queue = plan.messages.map((message, i) => ({
      id: `m${i}`,
      body: bodyOf(message, this.cast),
      attempts: 0,
      isAcked: false,
    }));
  }

  /** Whether constants were changed: the states have to be rebuilt then. */
  hasDeployed = false;

  /**
   * Plays one step with its faults, and waits until nothing that it started is under way.
   * @param within - the pause during which it is played, if any; the pause ends early if the step waits for what is paused
   */
  async play(step: Step, within: Pause | null = null): Promise<void> {
    const interrupted = aim(step.faults);
    injection.trace.push(`-- ${JSON.stringify({ ...step, faults: undefined })}`);
    let isDone = false;
    const isAlone = within === null && step.faults.length === 0 && injection.held.length === 0;
    const acting = act(this, step, isAlone)
      .catch((error: unknown) => void this.problems.push(textOf(error)))
      .finally(() => {
        isDone = true;
        this.#unfinished.delete(acting);
      });
    this.#unfinished.add(acting);
    await this.#untilQuiet(
      () => isDone,
      () => {
        if (within !== null) within.isOver = true;
        return within !== null || injection.held.length > 0;
      },
    );
    aimAgain(interrupted);
  }

  /** Lets steps that waited for pages go on to their ends, once the pages are released. */
  async finishSteps(): Promise<void> {
    await this.#untilQuiet(
      () => this.#unfinished.size === 0,
      () => false,
    );
  }

  /** Waits until nothing that ends by itself is under way. */
  async quiet(): Promise<void> {
    let [last, lastMs] = [-1, Date.now()];
    while (injection.leaves > 0 || Date.now() - lastMs < QUIET_MS) {
      if (injection.trace.length !== last) [last, lastMs] = [injection.trace.length, Date.now()];
      await scheduler.wait(1);
    }
  }

  /** Delivers messages, as one batch of each queue that they are on. */
  async deliver(messages: readonly Queued[]): Promise<void> {
    const isDead = ({ attempts }: Queued) => attempts >= MAX_DELIVERIES;
    await this.#deliverFrom(
      QUEUE,
      messages.filter((message) => !isDead(message)),
    );
    await this.#deliverFrom(`${QUEUE}-dead-letters`, messages.filter(isDead));
  }

  /** Takes what the Worker put on the inbound queue. */
  takeRequeued(): void {
    for (const body of injection.requeued.splice(0)) {
      this.queue.push({ id: `m${this.queue.length}`, body, attempts: 0, isAcked: false });
    }
  }

  /** Asks the API as an administrator. */
  async ask(method: string, path: string, body?: unknown): Promise<void> {
    const request = new Request(`https://x/api/v1/${path}`, {
      method,
      headers: { authorization: "Bearer admin-token", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await invoke(
      `${method} ${path.replaceAll(UUID, "{uuid}")}`,
      this.#variables(),
      async (bindings) => {
        const response = await app.fetch(request, bindings, createExecutionContext());
        return { status: response.status };
      },
    );
    // A merge, an unmerge or an erasure is in the record; the call that follows a registration is not.
    if (method === "PUT" && (!answer || answer.status >= 500)) this.mayNeedSweep = true;
  }

  /** Retention in one identity. States must stay as they are, which is checked where nothing else goes on. */
  async expire(identity: number, beforeTs: number, limit: number, isAlone: boolean): Promise<void> {
    const uuid = this.identityUuid(identity);
    this.horizonTs = Math.max(this.horizonTs, beforeTs);
    const isComparable = isAlone && !this.hasDeployed && !(await this.inObject(identity, hasWork));
    const before = isComparable ? await this.inObject(identity, statesText) : null;
    const done = await invoke("retention", this.#variables(), (bindings) =>
      bindings.IDENTITIES.getByName(uuid).expire(beforeTs, limit),
    ).catch(() => null);
    // Cut off between D1 and the object, the object holds more than D1 until the sweep.
    if (done === null) this.mayNeedSweep = true;
    const after = isComparable ? await this.inObject(identity, statesText) : null;
    if (before !== after) this.problems.push(`${uuid}: expiry turned ${before} into ${after}`);
  }

  /** One run of the sweep; null if the invocation died or failed. */
  async sweep(limits: SweepLimits): Promise<SweepReport | null> {
    try {
      return await invoke("sweep", this.#variables(), (bindings) => sweep(bindings, limits));
    } catch {
      return null;
    }
  }

  stub(identity: number) {
    return env.IDENTITIES.getByName(this.identityUuid(identity));
  }

  identityUuid(identity: number): string {
    return this.cast.identities[identity % this.cast.identities.length] ?? "";
  }

  attackerUuid(attacker: number): string {
    return this.cast.attackers[attacker % this.cast.attackers.length] ?? "";
  }

  /**
   * Whether an attacker can be linked to an identity: an identity that belongs to an attacker of another database, but is
   * not known yet, would come to be in both.
   */
  isLinkable(attacker: number, identity: number): boolean {
    const names = DATABASE_NAMES.slice(0, this.plan.databases);
    const index = identity % this.cast.identities.length;
    const databaseOf = (i: number) => chooseShard(this.attackerUuid(i), names);
    return databaseOf(attacker) === databaseOf(index === this.cast.attackers.length ? 0 : index);
  }

  /** Asks an identity object's own SQLite. */
  inObject<T>(identity: number, ask: (sql: SqlStorage) => T): Promise<T> {
    return runInDurableObject(this.stub(identity), (_, state) => ask(state.storage.sql));
  }

  /** Starts from nothing. */
  async begin(): Promise<void> {
    const { seed, databases, minimumObservations } = this.plan;
    await clear(seed, this.cast.identities);
    startHistory(
      databases,
      minimumObservations === 3 ? {} : { MINIMUM_OBSERVATIONS: String(minimumObservations) },
    );
  }

  /** Runs an identity's alarm, if it is set: the time of every attempt that is to be made again has come. */
  async alarm(identity: number): Promise<boolean> {
    await this.inObject(identity, makeRetriesDue).catch(() => {});
    return ran(() => runDurableObjectAlarm(this.stub(identity)));
  }

  maintenanceAlarm(): Promise<boolean> {
    if (!usesMaintenance()) return Promise.resolve(false);
    return ran(() => runDurableObjectAlarm(env.MAINTENANCE.getByName(MAINTENANCE)));
  }

  async crash(identity: number): Promise<void> {
    await runInDurableObject(this.stub(identity), () => {
      injection.actors.get(this.identityUuid(identity))?.die();
    }).catch(() => {});
  }

  async evict(identity: number): Promise<void> {
    const uuid = this.identityUuid(identity);
    // Evicting waits for what is under way, which may itself be waiting for us.
    if ((injection.actors.get(uuid)?.awaiting.size ?? 0) > 0) return this.crash(identity);
    injection.actors.delete(uuid);
    // One that is not running cannot be evicted.
    await evictDurableObject(this.stub(identity)).catch(() => {});
  }

  async #deliverFrom(queue: string, messages: readonly Queued[]): Promise<void> {
    if (messages.length === 0) return;
    const batch = createMessageBatch(
      queue,
      messages.map(({ id, body, attempts }) => ({ id, body, attempts: attempts + 1, timestamp: new Date() })),
    );
    const result = await invoke(`queue ${queue}`, this.#variables(), async (bindings) => {
      await worker.queue(batch, bindings);
      return getQueueResult(batch, createExecutionContext());
    });
    for (const message of messages) message.attempts++;
    if (result === null) return;
    const acked = new Set(result.explicitAcks);
    for (const message of messages) if (acked.has(message.id)) message.isAcked = true;
    const told = new Set([...acked, ...result.retryMessages.map(({ msgId }) => msgId)]);
    const untold = messages.filter(({ id }) => !told.has(id));
    if (untold.length > 0) this.problems.push(`no verdict on ${untold.map(({ id }) => id).join(", ")}`);
  }

  #variables(): Record<string, string> {
    return this.plan.isDeferring ? { UNKNOWN_ATTACKER: "defer" } : {};
  }

  /**
   * Waits until a step and everything that it started is over, and plays what happens during its pauses.
   * @param isStuck - asked when nothing changes: whether to stop waiting, because the step waits for the one it is within
   */
  async #untilQuiet(isDone: () => boolean, isStuck: () => boolean): Promise<void> {
    const before = new Set(underWay());
    let [last, lastMs] = ["", Date.now()];
    for (;;) {
      const pause = injection.pauses.shift();
      if (pause) {
        for (const step of pause.meanwhile) await this.play(step, pause);
        pause.isOver = true;
      }
      const own = underWay().filter((token) => !before.has(token));
      if (isDone() && own.length === 0) return;
      const now = `${injection.trace.length} ${own.length}`;
      if (now !== last) [last, lastMs] = [now, Date.now()];
      else if (injection.leaves === 0 && Date.now() - lastMs > STUCK_MS && isStuck()) return;
      else if (Date.now() - lastMs > HANGING_MS) throw new Hanging("a step does not come to its end");
      await scheduler.wait(1);
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error);
}

function underWay(): symbol[] {
  return [...injection.actors.values()].flatMap(({ awaiting }) => [...awaiting]);
}

/** Runs an alarm; one that ends with its object counts as run. */
async function ran(run: () => Promise<boolean>): Promise<boolean> {
  try {
    return await run();
  } catch {
    return true;
  }
}

function hasWork(sql: SqlStorage): boolean {
  return waitingWork(sql).length > 0;
}

/** The states of an object, but for their counts. */
function statesText(sql: SqlStorage): string {
  return JSON.stringify(
    snapshotOf(sql).states.map(({ primitive, state, current_value, confidence, last_change_ts }) => [
      primitive,
      state,
      current_value,
      confidence,
      last_change_ts,
    ]),
  );
}
