/** What an object says to those who watch it: frames of JSON over a WebSocket that outlives the object's sleep. */
import { z } from "zod";

/** A message from an object to a watcher. */
export const streamFrame = z.discriminatedUnion("kind", [
  /** The history has grown, or what the stream follows has changed: read it. */
  z.object({ kind: z.literal("changed") }),
  /** Observations that were just applied, each the JSON of a {@link ShownObservation}. */
  z.object({ kind: z.literal("observations"), observations: z.array(z.string()) }),
]);
export type StreamFrame = z.infer<typeof streamFrame>;

/** Data of an `observation` event: wire names, because clients read them. */
export interface ShownObservation {
  readonly identity_uuid: string;
  readonly attacker_uuid: string;
  readonly id: string;
  readonly primitive: string;
  readonly value: unknown;
  /** Epoch seconds. */
  readonly ts: number;
  readonly evidence_ref: string;
}
