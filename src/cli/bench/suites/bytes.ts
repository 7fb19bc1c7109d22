/** Bytes of observations in D1 and in objects: sessions of thirty, and single observations with their own pointers. */
import { type MeasureName, measureOf } from "../../../bench/measures.ts";
import { attackerUuidOf, SESSION_PRIMITIVES, type Workload } from "../../../bench/workload.ts";
import { stubIdentityUuid } from "../../../core/index.ts";
import type { Bench, Suite } from "../bench.ts";
import { figure } from "../figures.ts";

const ATTACKERS = 100;
/** Sessions of each attacker. They arrive in turn, so that rows are inserted between others, as they are in a real database. */
const SESSIONS = { full: 40, quick: 10 };

const MEASURES = [
  "session_bytes_30",
  "session_bytes_single",
  "object_bytes_1",
  "object_bytes_more",
] as const satisfies MeasureName[];

export const bytesSuite: Suite = {
  name: "bytes",
  measures: MEASURES,
  steps: () => 2,
  async run(bench) {
    const sessions = await store(bench, "by_day");
    const singles = await store(bench, "own");
    bench.raw["bytes"] = { sessions, singles };
    Object.assign(bench.scaleInputs, {
      "d1Bytes.single": singles.d1Bytes / singles.observations,
      "d1Bytes.session": sessions.d1Bytes / sessions.observations,
      "objectBytes.single": singles.objectMore,
      "objectBytes.session": sessions.objectMore,
      objectBaseBytes: sessions.objectFirst,
    });
    return [
      measureOf("session_bytes_30", sessions.d1Bytes / sessions.observations, describe(sessions)),
      measureOf("session_bytes_single", singles.d1Bytes / singles.observations, describe(singles)),
      measureOf(
        "object_bytes_1",
        sessions.objectFirst,
        "database of an object with one session, an alarm set",
      ),
      measureOf(
        "object_bytes_more",
        sessions.objectMore,
        `bytes per further observation; each its own pointer ${figure(singles.objectMore)}`,
      ),
    ];
  },
};

/** What was stored, and its bytes. */
interface Bytes {
  readonly observations: number;
  /** Bytes of the session rows in D1. */
  readonly d1Bytes: number;
  /** Bytes of an object's database after its first session, and per observation after that. */
  readonly objectFirst: number;
  readonly objectMore: number;
}

function describe({ observations, d1Bytes }: Bytes): string {
  return `${figure(d1Bytes)} bytes of ${figure(observations)} observations`;
}

/** Stores sessions in an empty runtime and measures them. */
async function store(bench: Bench, pointers: Workload["pointers"]): Promise<Bytes> {
  await bench.end();
  const runtime = await bench.runtime();
  const workload: Workload = {
    group: "bytes",
    firstAttacker: 0,
    attackers: ATTACKERS,
    mix: "session",
    from: 0,
    perAttacker: SESSION_PRIMITIVES,
    order: "by_attacker",
    perMessage: SESSION_PRIMITIVES,
    pointers,
  };
  const bytesOfObject = () => runtime.objectBytes(stubIdentityUuid(attackerUuidOf(workload.group, 0)));
  const sessions = bench.times(SESSIONS.full, SESSIONS.quick);
  let objectFirst = 0;
  for (let session = 0; session < sessions; session++) {
    await runtime.prepare("bytes", { ...workload, from: session * SESSION_PRIMITIVES });
    await runtime.count("bytes");
    if (session === 0) objectFirst = await bytesOfObject();
  }
  const objectMore = ((await bytesOfObject()) - objectFirst) / ((sessions - 1) * SESSION_PRIMITIVES);
  const observations = await runtime.stored();
  const { tables } = await runtime.tableBytes();
  bench.step(`bytes, ${pointers}`);
  return { observations, d1Bytes: tables["sessions"]?.bytes ?? 0, objectFirst, objectMore };
}
