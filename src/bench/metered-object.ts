/**
 * Subclasses of the shipped identity object: one counts what it costs, one reports when it publishes. Measurements of time
 * never use the counting one.
 */
import { IdentityObject } from "../identity/index.ts";
import { meteredDatabase, meters, noteCursor } from "./meter.ts";
import { queueOperations } from "./prices.ts";

/** Delay of an alarm that never runs while the bench lasts. */
const LATER_MS = 86_400_000;

/** An identity object that counts rows, alarms and messages. */
export class MeteredIdentityObject extends IdentityObject {
  /** Background tasks (`waitUntil`) that run at the moment, over all objects. */
  static runningTasks = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    const { storage } = ctx;
    const { sql } = storage;
    const exec = sql.exec.bind(sql);
    replace(sql, "exec", (text: string, ...bindings: unknown[]) => {
      const cursor = exec<never>(text, ...bindings);
      noteCursor(text, cursor);
      return cursor;
    });
    const setAlarm = storage.setAlarm.bind(storage);
    replace(storage, "setAlarm", (at: number) => {
      meters.objects.alarmsSet++;
      meters.objects.objectWritten++;
      return setAlarm(at);
    });
    const waitUntil = ctx.waitUntil.bind(ctx);
    replace(ctx, "waitUntil", (work: Promise<unknown>) => {
      MeteredIdentityObject.runningTasks++;
      waitUntil(work.finally(() => MeteredIdentityObject.runningTasks--));
    });
    super(ctx, { ...env, DB: meteredDatabase(env.DB, () => meters.objects) });
    const { queue } = this.targets;
    this.targets = {
      ...this.targets,
      queue: {
        sendBatch(messages: Iterable<MessageSendRequest>) {
          const list = [...messages];
          for (const { body } of list) {
            meters.objects.eventsSent++;
            meters.objects.eventOperations += queueOperations(JSON.stringify(body).length);
          }
          return queue.sendBatch(list);
        },
      },
    };
  }

  override async alarm(): Promise<void> {
    meters.objects.alarmsRun++;
    await super.alarm();
  }

  /** Bytes of the database. The first alarm creates a table of the platform in it, so an alarm is set if there is none. */
  async databaseBytes(): Promise<number> {
    const { storage } = this.ctx;
    if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now() + LATER_MS);
    return storage.sql.databaseSize;
  }
}

/** An identity object that tells a clock outside the runtime when it sends events to the outbound queue. */
export class WatchedIdentityObject extends IdentityObject {
  /** The URL to fetch at that moment. */
  static sentUrl = "";

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { queue } = this.targets;
    this.targets = {
      ...this.targets,
      queue: {
        async sendBatch(messages: Iterable<MessageSendRequest>) {
          const [told, sent] = await Promise.all([
            fetch(WatchedIdentityObject.sentUrl),
            queue.sendBatch(messages),
          ]);
          await told.text();
          return sent;
        },
      },
    };
  }
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}
