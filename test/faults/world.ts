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
import { faultyEnv } from "./bindings.ts";
import { type Actor, aim, aimAgain, injection, type Pause, startHistory } from "./injection.ts";
import { bodyOf, type Cast, castOf } from "./messages.ts";
import { type Fault, MAX_DELIVERIES, type Plan, type Step } from "./plan.ts";

const QUEUE = "attacker-observations";
/** So short that a handful of observations takes the sweep several pages and runs. */
const SHORT_SWEEP: SweepLimits = { identities: 3, rows: 12, page: 4 };
/** So long without anything moving, a step within a paused one waits for that one. */
const STUCK_MS = 60;
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
  static readonly #played = new Set<number>();
  /** Whether the maintenance object, which all histories share, has something of the last one. */
  static #wasUsed = false;
  readonly plan: Plan;
  readonly cast: Cast;
  readonly queue: Queued[];
  /** What went wrong on the way, in words. */
  readonly problems: string[] = [];
  #invocations = 0;
  #isDeploying = false;

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
  get hasDeployed(): boolean {
    return this.#isDeploying;
  }

  /**
   * Plays one step with its faults, and waits until nothing that it started is under way.
   * @param within - the pause during which it happens, if any; it ends early if the step waits for what is paused
   */
  async play(step: Step, within: Pause | null = null): Promise<void> {
    const interrupted = aim(step.faults);
    injection.trace.push(`-- ${JSON.stringify({ ...step, faults: undefined })}`);
    let isDone = false;
    let failure: unknown = null;
    const act = this.#act(step)
      .catch((error: unknown) => {
        failure = error;
      })
      .finally(() => {
        isDone = true;
      });
    if (within === null && !step.faults.some(isPausing)) await act;
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
    return this.#invoke(async (bindings) => {
      const response = await app.fetch(request, bindings, createExecutionContext());
      return { status: response.status, body: await response.json() };
    });
  }

  /** One run of the sweep; null if the invocation died or failed. */
  async sweep(limits: SweepLimits): Promise<SweepReport | null> {
    try {
      return await this.#invoke((bindings) => sweep(bindings, limits));
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

  /** Clears what histories before left; those of other seeds have objects of their own. */
  async begin(): Promise<void> {
    const tables = [
      "attackers",
      "identities",
      "observations",
      "events",
      "attributions",
      "dead_letters",
      "merges",
      "erasures",
      "control",
      "outbox_backlog",
    ];
    await env.DB.batch([
      ...tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
      env.DB.prepare("UPDATE counters SET value = 0"),
    ]);
    const stubs: DurableObjectStub[] = World.#wasUsed ? [env.MAINTENANCE.getByName(MAINTENANCE)] : [];
    World.#wasUsed = false;
    if (World.#played.has(this.plan.seed)) {
      for (const i of this.cast.identities.keys()) stubs.push(this.stub(i));
    }
    World.#played.add(this.plan.seed);
    for (const stub of stubs) {
      await runInDurableObject(stub, (_, state) => state.storage.deleteAll());
      await evictDurableObject(stub);
    }
    startHistory();
  }

  /** Runs an identity's alarm, if it is set. */
  alarm(identity: number): Promise<boolean> {
    return ran(() => runDurableObjectAlarm(this.stub(identity)));
  }

  maintenanceAlarm(): Promise<boolean> {
    if (!World.#wasUsed) return Promise.resolve(false);
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

  async #act(step: Step): Promise<void> {
    switch (step.do) {
      case "deliver":
        return this.deliver(step.messages.flatMap((i) => this.queue[i % this.queue.length] ?? []));
      case "merge":
        await this.ask("POST", `identities/${this.identityUuid(step.winner)}/merge`, {
          loser_uuid: this.identityUuid(step.loser),
        });
        return;
      case "unmerge":
        await this.ask("POST", `identities/${this.identityUuid(step.identity)}/unmerge`);
        return;
      case "erase":
        await this.ask("DELETE", `attackers/${this.attackerUuid(step.attacker)}`);
        return;
      case "register":
        await this.ask(
          "PUT",
          `attackers/${this.attackerUuid(step.attacker)}`,
          step.identity === null ? {} : { identity_uuid: this.identityUuid(step.identity) },
        );
        return;
      case "rebuild":
        await this.ask("POST", `identities/${this.identityUuid(step.identity)}/rebuild`);
        return;
      case "rebuild_all":
        World.#wasUsed = true;
        await this.ask("POST", "rebuild");
        return;
      case "maintenance_alarm":
        await this.maintenanceAlarm();
        return;
      case "alarm":
        await this.alarm(step.identity);
        return;
      case "evict":
        return this.evict(step.identity);
      case "crash":
        return this.crash(step.identity);
      case "pause":
      case "resume":
        await this.ask("POST", "control", { action: step.do });
        return;
      case "sweep":
        await this.sweep(SHORT_SWEEP);
        return;
      case "replay_dead_letters":
        await this.ask("POST", "dead-letters/replay");
        this.takeRequeued();
        return;
      case "deploy":
        this.#isDeploying = true;
        injection.variables = { WINDOW_SIZE: String(step.windowSize) };
        for (const [i] of this.cast.identities.entries()) await this.evict(i);
        return;
      default:
        step satisfies never;
    }
  }

  async #deliverFrom(queue: string, messages: readonly Queued[]): Promise<void> {
    if (messages.length === 0) return;
    const batch = createMessageBatch(
      queue,
      messages.map(({ id, body, attempts }) => ({ id, body, attempts: attempts + 1, timestamp: new Date() })),
    );
    const result = await this.#invoke(async (bindings) => {
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

  /** Runs something of the Worker with faulty bindings; null if it died on the way. */
  async #invoke<T>(act: (bindings: Env) => Promise<T>): Promise<T | null> {
    const name = `worker${++this.#invocations}`;
    const death = Promise.withResolvers<null>();
    const actor: Actor = {
      name,
      isDead: false,
      awaiting: new Set(),
      die() {
        actor.isDead = true;
        actor.awaiting.clear();
        death.resolve(null);
      },
    };
    injection.actors.set(name, actor);
    const variables = this.plan.isDeferring ? { UNKNOWN_ATTACKER: "defer" } : {};
    const bindings = { ...faultyEnv(env, actor), ...variables } as Env;
    try {
      return await Promise.race([act(bindings), death.promise]);
    } finally {
      injection.actors.delete(name);
    }
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
