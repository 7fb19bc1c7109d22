/** Which mark of the timeline a key moves to. The component moves the focus. */

/** A mark: its id, and when it is. Epoch seconds. */
export interface Stop {
  readonly id: string;
  readonly ts: number;
}

/**
 * The mark that a key moves to from another one; null if there is none.
 * Left and Right go through a lane, Home and End to its ends; Up and Down to the next lane, to what is nearest in time.
 * @param lanes - from the top, the marks of each by time
 */
export function stepOf(lanes: readonly (readonly Stop[])[], fromId: string, key: string): string | null {
  const row = lanes.findIndex((lane) => lane.some(({ id }) => id === fromId));
  const lane = lanes[row];
  const place = lane?.findIndex(({ id }) => id === fromId) ?? -1;
  const from = lane?.[place];
  if (lane === undefined || from === undefined) return null;
  switch (key) {
    case "ArrowRight":
      return lane[place + 1]?.id ?? null;
    case "ArrowLeft":
      return lane[place - 1]?.id ?? null;
    case "Home":
      return lane[0]?.id ?? null;
    case "End":
      return lane.at(-1)?.id ?? null;
    case "ArrowDown":
      return nearest(lanes[row + 1], from.ts);
    case "ArrowUp":
      return nearest(lanes[row - 1], from.ts);
    default:
      return null;
  }
}

function nearest(lane: readonly Stop[] | undefined, ts: number): string | null {
  const [first, ...others] = lane ?? [];
  if (first === undefined) return null;
  return others.reduce((best, each) => (Math.abs(each.ts - ts) < Math.abs(best.ts - ts) ? each : best), first)
    .id;
}
