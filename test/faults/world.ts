/**
 * Plays histories: delivers messages to the real consumer, asks the real API, wakes the real objects, one step after the
 * other and, where a step is paused, one within another.
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
import { app } from "../../src/http/index.ts";
import { MAINTENANCE, sweep, type SweepLimits, type SweepReport } from "../../src/maintenance/index.ts";
import worker from "../../src/worker.ts";
import { act } from "./acts.ts";
import { clear, usesMaintenance } from "./clear.ts";
import { aim, aimAgain, injection, type Pause, startHistory } from "./injection.ts";
import { invoke } from "./invocation.ts";
import { bodyOf, type Cast, castOf } from "./messages.ts";
import { type Fault, MAX_DELIVERIES, type Plan, type Step } from "./plan.ts";

const QUEUE = "attacker-observations";
/** So long without anything moving, a step within a paused one waits for that one. */
const STUCK_MS = 200;
/** So long without anything moving, a step hangs. */
const HANGING_MS = 10_000;

/** A message as the queue holds it. */
export interface Queued {
  readonly id: string;
  readonly body: unknown;
  /** Deliveries so far. */
  attempts: number;
  isAcked: boolean;
}

/** Says that a history does not end as it must. */
export class Hanging extends Error {}

export class World {
  readonly plan: Plan;
  readonly cast: Cast;
  readonly queue: Queued[];
  /** What went wrong on the way, in words. */
  readonly problems: string[] = [];
  /** Whether somebody was told that something could not be completed: only then may the sweep find work. */
  mayNeedSweep = false;

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

  /** Whether constants were changed on the way: states are then to be rebuilt. */
  hasDeployed = false;

  /**
   * Plays one step with its faults, and waits until nothing that it started is under way.
   * @param within - the pause during which it happens, if any; it ends early if the step waits for what is paused
   */
  async play(step: Step, within: Pause | null = null): Promise<void> {
    const interrupted = aim(step.faults);
    injection.trace.push(`-- ${JSON.stringify({ ...step, faults: undefined })}`);
    let isDone = false;
    let failure: unknown = null;
    const acting = act(this, step)
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(() => {
        isDone = true;
      });
    if (within === null && !step.faults.some(isPausing)) await acting;
    await this.#untilQuiet(
      () => isDone,
      () => {
        if (within === null) return false;
        within.isOver = true;
        return true;
      },
    );
    aimAgain(interrupted);
    if (failure !== null) throw failure;
  }

  /** Delivers messages as one batch, of whichever queue they are on. */
  async deliver(messages: readonly Queued[]): Promise<void> {
    const isDead = ({ attempts }: Queued) => attempts >= MAX_DELIVERIES;
    await this.#deliverFrom(
      QUEUE,
      messages.filter((message) => !isDead(message)),
    );
    await this.#deliverFrom(`${QUEUE}-dead-letters`, messages.filter(isDead));
  }

  /** Takes what was put on the inbound queue. */
  takeRequeued(): void {
    for (const body of injection.requeued.splice(0)) {
      this.queue.push({ id: `m${this.queue.length}`, body, attempts: 0, isAcked: false });
    }
  }

  /** Asks the API as an administrator; null if the invocation died. */
  async ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown } | null> {
    const request = new Request(`https://x/api/v1/${path}`, {
      method,
      headers: { authorization: "Bearer admin-token", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await invoke(this.#variables(), async (bindings) => {
      const response = await app.fetch(request, bindings, createExecutionContext());
      return { status: response.status, body: await response.json<{ done?: boolean }>() };
    });
    if (!answer || answer.status >= 500 || answer.body.done === false) this.mayNeedSweep = true;
    return answer;
  }

  /** One run of the sweep; null if the invocation died or failed. */
  async sweep(limits: SweepLimits): Promise<SweepReport | null> {
    try {
      return await invoke(this.#variables(), (bindings) => sweep(bindings, limits));
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

  /** Asks an identity object's own SQLite. */
  inObject<T>(identity: number, ask: (sql: SqlStorage) => T): Promise<T> {
    return runInDurableObject(this.stub(identity), (_, state) => ask(state.storage.sql));
  }

  /** Starts from nothing. */
  async begin(): Promise<void> {
    await clear(this.plan.seed, this.cast.identities);
    startHistory();
  }

  /** Runs an identity's alarm, if it is set. */
  alarm(identity: number): Promise<boolean> {
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
    const result = await invoke(this.#variables(), async (bindings) => {
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
   * Waits until a step is over and nothing of it goes on, and plays what happens during its pauses.
   * @param isStuck - asked when nothing moves: whether to stop waiting, because the step waits for the one it is within
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
      else if (Date.now() - lastMs > STUCK_MS && isStuck()) return;
      else if (Date.now() - lastMs > HANGING_MS) throw new Hanging("a step does not come to its end");
      await scheduler.wait(1);
    }
  }
}

function isPausing(fault: Fault): boolean {
  return fault.on === "await" && (fault.kind === "pause_before" || fault.kind === "pause_after");
}

function underWay(): symbol[] {
  return [...injection.actors.values()].flatMap(({ awaiting }) => [...awaiting]);
}

/** What an object that crashes meanwhile says is that it crashed. */
async function ran(run: () => Promise<boolean>): Promise<boolean> {
  try {
    return await run();
  } catch {
    return true;
  }
}
