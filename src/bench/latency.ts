/**
 * How long one message takes to be said of: from the consumer's start until the object hands what follows from it to the
 * outbound queue, against one D1 batch and one object call. The Worker's own clock counts whole milliseconds, which is too
 * coarse, so a clock outside is told when each begins and ends.
 */
import worker from "../worker.ts";
import { stubIdentityUuid } from "../core/index.ts";
import { batchOf } from "./batch.ts";
import type { BenchEnv } from "./env.ts";
import { floorConsumer } from "./floor.ts";
import { WatchedIdentityObject } from "./metered-object.ts";
import type { Command } from "./protocol.ts";
import { attackerUuidOf, type BusEvent, eventsOf } from "./workload.ts";

/** A hash that is alone in its window, then one that is not: the state changes with every observation. */
const LONE_SECS = 90_000;
const CLOSE_SECS = 60;

let watched: BenchEnv | null = null;

/** Lets a clock outside time messages: ours, the floor's and nothing, in turn. */
export async function timeMessages(
  { group, from, samples, clock }: Extract<Command, { command: "latency" }>,
  env: BenchEnv,
): Promise<void> {
  watched ??= { ...env, IDENTITIES: env.WATCHED_IDENTITIES };
  WatchedIdentityObject.sentUrl = `${clock}end/ours`;
  const object = env.WATCHED_IDENTITIES.getByName(stubIdentityUuid(attackerUuidOf(group, 0)));
  for (const event of changingEvents(group, from, samples)) {
    const settled = { acknowledged: 0, putOff: 0 };
    await tell(`${clock}begin/ours`);
    await worker.queue(batchOf([event], settled, 0), watched);
    await object.drain();
    await tell(`${clock}begin/floor`);
    await floorConsumer(batchOf([event], settled, 0), env);
    await tell(`${clock}end/floor`);
    await tell(`${clock}begin/nothing`);
    await tell(`${clock}end/nothing`);
  }
}

async function tell(url: string): Promise<void> {
  await (await fetch(url)).text();
}

/** Observations of one attacker, each of which changes the state. */
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
