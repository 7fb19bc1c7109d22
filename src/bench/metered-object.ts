/** Identity objects as they ship, that count what they cost, or note when they publish. Never used where time is taken. */
import { IdentityObject } from "../identity/index.ts";
import { OPERATIONS_PER_MESSAGE } from "./costs.ts";
import { meteredDatabase, meters, noteCursor } from "./meter.ts";

/** Bytes of a message that make one queue operation. */
const OPERATION_BYTES = 64_000;

/** Counts rows, alarms and messages. */
export class MeteredIdentityObject extends IdentityObject {
  /** What all of them are still at: publishing, mostly. */
  static atWork = 0;

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
      MeteredIdentityObject.atWork++;
      waitUntil(work.finally(() => MeteredIdentityObject.atWork--));
    });
    super(ctx, { ...env, DB: meteredDatabase(env.DB, () => meters.objects) });
    const { queue } = this.targets;
    this.targets = {
      ...this.targets,
      queue: {
        sendBatch(messages: Iterable<MessageSendRequest>) {
          const list = [...messages];
          for (const { body } of list) {
            const operations = Math.ceil(JSON.stringify(body).length / OPERATION_BYTES);
            meters.objects.eventsSent++;
            meters.objects.eventOperations += operations * OPERATIONS_PER_MESSAGE;
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
}

/** Tells a clock outside when it hands events to the outbound queue. */
export class WatchedIdentityObject extends IdentityObject {
  /** What to fetch then. */
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
