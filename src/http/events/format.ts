/** From a stored event to its wire shape. */
import type { z } from "zod";
import type { HistoryEvent } from "../../storage/index.ts";
import type { eventSchema } from "./wire.ts";

/** An event, as it was sent. The stored text is our own, so it is not checked again. */
export function toWireEvent({ event }: HistoryEvent): z.infer<typeof eventSchema> {
  return JSON.parse(event);
}
