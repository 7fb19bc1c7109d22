/** Waiting until nothing is under way, or until what is under way waits for something that only a later step does. */
import { injection, isAnyLeaf, type Pause } from "./injection.ts";

/** If nothing changes for so long, a step is taken to wait for the step that is paused, or for a page that is held back. */
const STUCK_MS = 40;
/** If nothing changes for so long, an object has finished with the page that was released to it. */
const QUIET_MS = 5;
/** If nothing changes for so long, a step hangs. */
const HANGING_MS = 10_000;

/** A step that does not end. */
class Hanging extends Error {}

/** What to wait for. */
interface Waiting {
  readonly isDone: () => boolean;
  /** Asked when nothing changes: whether to stop waiting. */
  readonly isStuck: () => boolean;
  /** Plays what happens during a pause. */
  readonly playPause: (pause: Pause) => Promise<void>;
}

/** Waits until a step and everything that it started is over. @throws Error if it hangs */
export async function untilQuiet({ isDone, isStuck, playPause }: Waiting): Promise<void> {
  const before = new Set(underWay());
  let [last, lastMs] = ["", Date.now()];
  for (;;) {
    const pause = injection.pauses.shift();
    if (pause) {
      await playPause(pause);
      pause.isOver = true;
    }
    const own = underWay().filter((token) => !before.has(token));
    if (isDone() && own.length === 0) return;
    const now = `${injection.trace.length} ${own.length}`;
    if (now !== last) [last, lastMs] = [now, Date.now()];
    else if (!isAnyLeaf() && Date.now() - lastMs > STUCK_MS && isStuck()) return;
    else if (Date.now() - lastMs > HANGING_MS) throw new Hanging("a step does not come to its end");
    await scheduler.wait(1);
  }
}

/** Waits until no call that ends by itself is under way, and none follows. */
export async function untilNoLeaves(): Promise<void> {
  let [last, lastMs] = [-1, Date.now()];
  while (isAnyLeaf() || Date.now() - lastMs < QUIET_MS) {
    if (injection.trace.length !== last) [last, lastMs] = [injection.trace.length, Date.now()];
    await scheduler.wait(1);
  }
}

function underWay(): symbol[] {
  return [...injection.actors.values()].flatMap(({ awaiting }) => [...awaiting]);
}
