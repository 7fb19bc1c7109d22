/** What an object sends to its watchers: JSON frames over a WebSocket that stays open while the object hibernates. */
import { z } from "zod";

/** A message from an object to a watcher. */
export const streamFrame = z.discriminatedUnion("kind", [
  /** The history has grown, or the identity of an attacker has changed. */
  z.object({ kind: z.literal("changed") }),
  /** Observations that were just applied, each the JSON of a {@link ShownObservation}. */
  z.object({ kind: z.literal("observations"), observations: z.array(z.string()) }),
]);
export type StreamFrame = z.infer<typeof streamFrame>;

/** Data of an `observation` event, with wire names. */
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
