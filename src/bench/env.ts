/** What the bench Worker is bound to: everything of the Worker that ships, and what it is compared with. */
import type { FloorObject } from "./floor.ts";
import type { MeteredIdentityObject, WatchedIdentityObject } from "./metered-object.ts";

export interface BenchEnv extends Env {
  /** A database of the same tables for the floor. */
  readonly FLOOR_DB: D1Database;
  readonly FLOOR: DurableObjectNamespace<FloorObject>;
  /** The plain port's. */
  readonly PORT_DB: D1Database;
  readonly METERED_IDENTITIES: DurableObjectNamespace<MeteredIdentityObject>;
  readonly WATCHED_IDENTITIES: DurableObjectNamespace<WatchedIdentityObject>;
}

/** What takes a batch of messages. */
export type Consumer = (batch: MessageBatch, env: BenchEnv) => Promise<void>;
