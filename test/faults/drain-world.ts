/** Lets a history end: faults stop, and everything that waits gets its turn until nothing is under way. */
import { env } from "cloudflare:workers";
import { shardsOf } from "../../src/shard.ts";
import { isPaused } from "../../src/storage/index.ts";
import { allowPages } from "./pages.ts";
import type { Step } from "./plan.ts";
import { waitingWork } from "./snapshot.ts";
import type { World } from "./world.ts";

/** Looks at every identity of a history, in pages that are shorter than their observations. */
const LONG_SWEEP = { identities: 20, rows: 1_000, page: 8, queries: 1_000 };
/** Messages that ran out of retries: what they brought may not have reached its object. */
const EXHAUSTED = "SELECT 1 FROM dead_letters WHERE code = 'retries_exhausted'";
/** More rounds than any work takes; what is not done by then never ends. */
const MOST_ROUNDS = 40;

type DistributedOmit<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never;

/** Plays on until nothing changes any more. @returns what did not end, in words */
export async function drainWorld(world: World): Promise<string[]> {
  const { problems } = world;
  const play = (step: DistributedOmit<Step, "faults">) => world.play({ ...step, faults: [] });
  allowPages(null);
  await play({ do: "release_pages", page: null });
  await world.finishSteps();
  for (const { db } of shardsOf(env)) if (await isPaused(db)) await play({ do: "resume" });
  await deliverAll(world, problems);
  if (world.plan.isDeferring) {
    for (const attacker of world.cast.attackers.keys())
      await play({ do: "register", attacker, identity: null });
  }
  await world.wakeMaintenance();
  await wakeAll(world, problems);
  await expectNoWork(world, problems);
  await sweepAll(world, problems);
  await play({ do: "replay_dead_letters" });
  await deliverAll(world, problems);
  await wakeAll(world, problems);
  if (world.hasDeployed) {
    for (const identity of world.cast.identities.keys()) await play({ do: "rebuild", identity });
    await wakeAll(world, problems);
  }
  await expectNoWork(world, problems);
  return problems;
}

async function deliverAll(world: World, problems: string[]): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    world.takeRequeued();
    const waiting = world.queue.waiting();
    if (waiting.length === 0) return;
    await world.play({ do: "deliver", messages: waiting, faults: [] });
  }
  problems.push(`messages not acknowledged in the end: ${world.queue.waiting().join(", ")}`);
}

async function wakeAll(world: World, problems: string[]): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let isAwake = await world.maintenanceAlarm();
    for (const identity of world.cast.identities.keys()) {
      if (!(await world.alarm(identity))) continue;
      isAwake = true;
      // Waits for what the alarm left in the background.
      await world.play({ do: "alarm", identity, faults: [] });
    }
    if (!isAwake) return;
  }
  problems.push("alarms do not come to an end");
}

/** Work that waits must have an alarm that comes back to it: without one, only the sweep would ever find it. */
async function expectNoWork(world: World, problems: string[]): Promise<void> {
  for (const [i, uuid] of world.cast.identities.entries()) {
    const waiting = await world.inObject(i, waitingWork);
    if (waiting.length > 0) problems.push(`${uuid} has work and no alarm: ${waiting.join(", ")}`);
  }
}

/** Sweeps until a run finds nothing. Without a reason, the first run must find nothing either. */
async function sweepAll(world: World, problems: string[]): Promise<void> {
  const mayNeedSweep = world.mayNeedSweep || (await isAny(EXHAUSTED));
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const report = await world.sweep(LONG_SWEEP);
    if (!report) {
      problems.push("the sweep failed without a fault");
      return;
    }
    if (report.failed > 0) problems.push(`the sweep failed without a fault: ${JSON.stringify(report)}`);
    const found = report.repaired + report.erasures;
    // An erasure can make a merged-away object forget its winner; the sweep tells it again.
    const explained = (await isAny("SELECT 1 FROM erasures")) ? report.merges : 0;
    // A mark that came after a comparison had begun takes another run.
    if (found === 0 && !(await isAny("SELECT 1 FROM identities WHERE is_dirty"))) return;
    if (found > explained && !mayNeedSweep && round === 0)
      problems.push(`repaired without need: ${JSON.stringify(report)}`);
    await wakeAll(world, problems);
  }
  problems.push("the sweep does not come to an end");
}

/** Whether a database has an answer. */
async function isAny(sql: string): Promise<boolean> {
  for (const { db } of shardsOf(env)) if ((await db.prepare(sql).first()) !== null) return true;
  return false;
}
