/** Bindings of the bench Worker: those of the shipped Worker, and those of what it is compared with. */
import type { FloorObject } from "./floor.ts";
import type { MeteredIdentityObject, WatchedIdentityObject } from "./metered-object.ts";

export interface BenchEnv extends Env {
  /** The database of the floor. */
  readonly FLOOR_DB: D1Database;
  readonly FLOOR: DurableObjectNamespace<FloorObject>;
  /** The database of the plain port. */
  readonly PORT_DB: D1Database;
  readonly METERED_IDENTITIES: DurableObjectNamespace<MeteredIdentityObject>;
  readonly WATCHED_IDENTITIES: DurableObjectNamespace<WatchedIdentityObject>;
}

/** A queue consumer. */
export type Consumer = (batch: MessageBatch, env: BenchEnv) => Promise<void>;
