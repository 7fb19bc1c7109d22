/**
 * Plays histories: delivers messages to the real consumer, asks the real API, runs the alarms of the real objects. One step
 * follows another; while a step is paused, others are played within it.
 */
import {
  createExecutionContext,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { chooseShard, SESSION_ROW } from "../../src/core/index.ts";
import { app } from "../../src/http/index.ts";
import { MAINTENANCE, sweep, type SweepLimits, type SweepReport } from "../../src/maintenance/index.ts";
import { shardsOf } from "../../src/shard.ts";
import { act } from "./acts.ts";
import { DATABASE_NAMES } from "./bindings.ts";
import { clear } from "./clear.ts";
import { InboundQueue } from "./inbound-queue.ts";
import { aim, aimAgain, injection, type Pause, startHistory } from "./injection.ts";
import { invoke } from "./invocation.ts";
import { bodyOf, type Cast, castOf } from "./messages.ts";
import { arePagesHeld, isAnyPageHeld } from "./pages.ts";
import type { Plan, Step } from "./plan.ts";
import { untilQuiet } from "./quiet.ts";
import { makeRetriesDue, snapshotOf, waitingWork } from "./snapshot.ts";

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Observations that a session row takes in production. */
const ROW_SIZE = SESSION_ROW.observations;

export class World {
  readonly plan: Plan;
  readonly cast: Cast;
  readonly queue: InboundQueue;
  /** Replace those of the environment, for the Worker but not for its objects. */
  readonly #variables: Readonly<Record<string, string>>;
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
    // The Worker, its objects and this test are in one isolate.
    Object.assign(SESSION_ROW, { observations: plan.rowSize ?? ROW_SIZE });
    this.#variables = plan.isDeferring ? { UNKNOWN_ATTACKER: "defer" } : {};
    this.queue = new InboundQueue(this.#variables, this.problems);
    this.queue.add(plan.messages.map((message) => bodyOf(message, this.cast)));
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
    const isAlone = within === null && step.faults.length === 0 && !arePagesHeld();
    const acting = act(this, step, isAlone)
      .catch((error: unknown) => void this.problems.push(textOf(error)))
      .finally(() => {
        isDone = true;
        this.#unfinished.delete(acting);
      });
    this.#unfinished.add(acting);
    await untilQuiet({
      isDone: () => isDone,
      isStuck: () => {
        if (within !== null) within.isOver = true;
        return within !== null || isAnyPageHeld();
      },
      playPause: (pause) => this.#playPause(pause),
    });
    aimAgain(interrupted);
  }

  /** Lets steps that waited for pages go on to their ends, once the pages are released. */
  async finishSteps(): Promise<void> {
    await untilQuiet({
      isDone: () => this.#unfinished.size === 0,
      isStuck: () => false,
      playPause: (pause) => this.#playPause(pause),
    });
  }

  async #playPause(pause: Pause): Promise<void> {
    for (const step of pause.meanwhile) await this.play(step, pause);
  }

  /** Takes what the Worker put on the inbound queue. */
  takeRequeued(): void {
    this.queue.add(injection.requeued.splice(0));
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
      this.#variables,
      async (bindings) => {
        const response = await app.fetch(request, bindings, createExecutionContext());
        return { status: response.status };
      },
    );
    // The record says if a merge, an unmerge or an erasure is unfinished, but not if the call after a registration failed.
    if (method === "PUT" && (!answer || answer.status >= 500)) this.mayNeedSweep = true;
  }

  /** Retention in one identity. It must not change states, which is checked if nothing else is under way. */
  async expire(identity: number, beforeTs: number, limit: number, isAlone: boolean): Promise<void> {
    const uuid = this.identityUuid(identity);
    this.horizonTs = Math.max(this.horizonTs, beforeTs);
    const isComparable = isAlone && !this.hasDeployed && !(await this.inObject(identity, hasWork));
    const before = isComparable ? await this.inObject(identity, statesText) : null;
    const done = await invoke("retention", this.#variables, (bindings) =>
      bindings.IDENTITIES.getByName(uuid).expire(beforeTs, limit),
    ).catch(() => null);
    // If it is cut off between D1 and the object, the object holds more than D1 until the sweep.
    if (done === null) this.mayNeedSweep = true;
    const after = isComparable ? await this.inObject(identity, statesText) : null;
    if (before !== after) this.problems.push(`${uuid}: expiry turned ${before} into ${after}`);
  }

  /** One run of the sweep; null if the invocation died or failed. */
  async sweep(limits: SweepLimits): Promise<SweepReport | null> {
    try {
      return await invoke("sweep", this.#variables, (bindings) => sweep(bindings, limits));
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

  /** Starts with empty databases and objects. */
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

  /** Wakes the maintenance object, as cron does. */
  async wakeMaintenance(): Promise<void> {
    await env.MAINTENANCE.getByName(MAINTENANCE).wake();
  }

  /** Runs the alarm of the maintenance object, if it is set: the time of every job has come. */
  async maintenanceAlarm(): Promise<boolean> {
    for (const { db } of shardsOf(env)) {
      await db.prepare("UPDATE jobs SET due_ts = 0 WHERE due_ts > 0").run();
    }
    return ran(() => runDurableObjectAlarm(env.MAINTENANCE.getByName(MAINTENANCE)));
  }

  async crash(identity: number): Promise<void> {
    await runInDurableObject(this.stub(identity), () => {
      injection.actors.get(this.identityUuid(identity))?.die();
    }).catch(() => {});
  }

  async evict(identity: number): Promise<void> {
    const uuid = this.identityUuid(identity);
    // An eviction waits for calls under way, which may wait for a later step.
    if ((injection.actors.get(uuid)?.awaiting.size ?? 0) > 0) return this.crash(identity);
    injection.actors.delete(uuid);
    // It throws for an object that is not running.
    await evictDurableObject(this.stub(identity)).catch(() => {});
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error);
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

/** The states of an object, without their counts. */
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
