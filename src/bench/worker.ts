/**
 * The bench's Worker: the shipped code, unchanged, and what it is compared with, in one bundle. It carries out commands.
 * The process that sends the commands measures the time.
 */
import { readTotals } from "../storage/index.ts";
import { objectBytes, tableBytes } from "./bytes.ts";
import type { BenchEnv } from "./env.ts";
import { createFloorTable } from "./floor.ts";
import { timeMessages } from "./latency.ts";
import { createPortTables } from "./port.ts";
import { type Command, commandSchema } from "./protocol.ts";
import { askRepeatedly } from "./reads.ts";
import { countBatches, replayChunk, takeCounts } from "./replay.ts";
import { fill, runBatches } from "./run.ts";
import { consume, send, takeLag } from "./soak.ts";
import { messagesOf } from "./workload.ts";

export { FeedObject, IdentityObject, MaintenanceObject } from "../worker.ts";
export { FloorObject } from "./floor.ts";
export { MeteredIdentityObject, WatchedIdentityObject } from "./metered-object.ts";

const prepared = new Map<string, readonly unknown[]>();

export default {
  async fetch(request, env) {
    try {
      const command = commandSchema.parse(await request.json());
      return Response.json((await carryOut(command, env)) ?? null);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return new Response(text, { status: 500 });
    }
  },
  queue: consume,
} satisfies ExportedHandler<BenchEnv>;

async function carryOut(command: Command, env: BenchEnv): Promise<unknown> {
  switch (command.command) {
    case "setup":
      await createFloorTable(env.FLOOR_DB);
      return createPortTables(env.PORT_DB);
    case "prepare":
      prepared.set(command.name, messagesOf(command.workload));
      return null;
    case "fill":
      return fill(command.workload, command.consumer, env);
    case "run":
      return runBatches(preparedOf(command.name), command.consumer, env);
    case "count":
      return countBatches(preparedOf(command.name), env);
    case "forget":
      prepared.clear();
      return null;
    case "latency":
      return timeMessages(command, env);
    case "read":
      return askRepeatedly(command.path, command.times, env);
    case "replay":
      return replayChunk(command, env);
    case "take_counts":
      return takeCounts();
    case "stored":
      return (await readTotals(env.DB)).observations;
    case "table_bytes":
      return tableBytes(env.DB);
    case "object_bytes":
      return objectBytes(command.identityUuid, env);
    case "send":
      return send(command.workload, env);
    case "lag":
      return takeLag(env);
    default:
      return command satisfies never;
  }
}

function preparedOf(name: string): readonly unknown[] {
  const bodies = prepared.get(name);
  if (!bodies) throw new Error(`messages must be prepared before they run, ${name} were not`);
  return bodies;
}
