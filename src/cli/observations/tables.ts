/** Tables of stored observations and events for the terminal. */
import { z } from "zod";
import type { Observation } from "../../core/index.ts";
import { newTable, shorten } from "../states-table.ts";

const VALUE_WIDTH = 40;
const POINTER_WIDTH = 60;

/** The table of observations, the earliest first. */
export function renderObservations(observations: readonly Observation[]): string {
  const table = newTable(
    ["time", "primitive", "value", "confidence", "source", "evidence"],
    ["left", "left", "left", "right", "left", "left"],
  );
  const sorted = observations.toSorted((a, b) => a.ts - b.ts || (a.primitive < b.primitive ? -1 : 1));
  for (const { ts, primitive, value, confidence, source, evidenceRef } of sorted) {
    table.push([
      timeOf(ts),
      primitive,
      shorten(JSON.parse(value), VALUE_WIDTH),
      confidence,
      shorten(source, VALUE_WIDTH),
      shorten(evidenceRef, POINTER_WIDTH),
    ]);
  }
  return table.toString();
}

/** An event of a history. */
export interface EventRow {
  readonly seq: number;
  /** JSON of the envelope. */
  readonly event: string;
}

const envelope = z.object({
  type: z.string(),
  ts: z.number(),
  payload: z.object({
    primitive: z.string().optional(),
    old_state: z.string().nullish(),
    new_state: z.string().optional(),
  }),
});

/** The table of events, by `seq`. */
export function renderEvents(events: readonly EventRow[]): string {
  const table = newTable(
    ["seq", "time", "type", "primitive", "from", "to"],
    ["right", "left", "left", "left", "left", "left"],
  );
  for (const { seq, event } of events) {
    const { type, ts, payload } = envelope.parse(JSON.parse(event));
    const { primitive = "", old_state: oldState, new_state: newState = "" } = payload;
    table.push([seq, timeOf(ts), type, primitive, oldState ?? "", newState]);
  }
  return table.toString();
}

/** @param ts - epoch seconds */
function timeOf(ts: number): string {
  const time = new Date(ts * 1_000);
  return Number.isNaN(time.getTime()) ? String(ts) : time.toISOString();
}
