/**
 * Measures the latency of one message: from the start of the consumer until the object sends the resulting event to the
 * outbound queue, compared with one D1 batch and one object call. The Worker's own clock has a resolution of one
 * millisecond, which is too coarse, so the code tells a clock outside the runtime when each part begins and ends.
 */
import worker from "../worker.ts";
import { stubIdentityUuid } from "../core/index.ts";
import { batchOf } from "./batch.ts";
import type { BenchEnv } from "./env.ts";
import { floorConsumer } from "./floor.ts";
import { WatchedIdentityObject } from "./metered-object.ts";
import type { Command } from "./protocol.ts";
import { attackerUuidOf, type BusEvent, eventsOf } from "./workload.ts";

/**
 * Seconds between observations, alternately. After the long gap a hash is alone in its window; after the short gap it is
 * not. So the state changes with every observation.
 */
const LONE_SECS = 90_000;
const CLOSE_SECS = 60;

let watched: BenchEnv | null = null;

/** Tells the clock about messages of the engine, of the floor, and about an empty measurement, in turn. */
export async function timeMessages(
  { group, from, samples, clock }: Extract<Command, { command: "latency" }>,
  env: BenchEnv,
): Promise<void> {
  watched ??= { ...env, IDENTITIES: env.WATCHED_IDENTITIES };
  WatchedIdentityObject.sentUrl = `${clock}end/ours`;
  const object = env.WATCHED_IDENTITIES.getByName(stubIdentityUuid(attackerUuidOf(group, 0)));
  for (const event of changingEvents(group, from, samples)) {
    const verdicts = { acknowledged: 0, retried: 0 };
    await tell(`${clock}begin/ours`);
    await worker.queue(batchOf([event], verdicts, 0), watched);
    await object.drain();
    await tell(`${clock}begin/floor`);
    await floorConsumer(batchOf([event], verdicts, 0), env);
    await tell(`${clock}end/floor`);
    await tell(`${clock}begin/nothing`);
    await tell(`${clock}end/nothing`);
  }
}

async function tell(url: string): Promise<void> {
  await (await fetch(url)).text();
}

/** Observations of one attacker. Each of them changes the state. */
function changingEvents(group: string, from: number, samples: number): BusEvent[] {
  const events = eventsOf({
    group,
    firstAttacker: 0,
    attackers: 1,
    mix: "hash",
    from,
    perAttacker: samples,
    order: "by_attacker",
    perMessage: 1,
    pointers: "by_day",
  });
  const firstTs = 1_500_000_000;
  return events.map((event, n) => {
    const i = from + n;
    const ts = firstTs + Math.floor(i / 2) * LONE_SECS + (i % 2) * CLOSE_SECS;
    const payload = { ...event.payload, value: `hash-${i}`, ts, window: { start_ts: ts - 1, end_ts: ts } };
    return { ...event, ts, payload };
  });
}
