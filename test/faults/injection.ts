/**
 * Where faults strike. Everything that an invocation of the Worker or an object awaits goes through here and is counted;
 * a step's faults say at which count what happens. Inactive unless a test switches it on, so that the Worker under test
 * is as it is everywhere else.
 */
import type { AwaitFault, Fault, Place, Step, TransactionFault } from "./plan.ts";

/** One that awaits: an invocation of the Worker, or an object while it lives. */
export interface Actor {
  readonly name: string;
  readonly isObject: boolean;
  isDead: boolean;
  /** Ends it on the spot. */
  die(): void;
  /** What it awaits right now. */
  readonly awaiting: Set<symbol>;
}

/** A call that waits while other steps are played. */
export interface Pause {
  readonly meanwhile: readonly Step[];
  isOver: boolean;
}

/** What a step counts. */
interface Strikes {
  readonly faults: readonly Fault[];
  readonly awaits: Record<Place, number>;
  transactions: number;
}

interface Injection {
  isActive: boolean;
  strikes: Strikes;
  /** Everything that was awaited, in order; for the report. */
  trace: string[];
  /** How many faults struck. */
  struck: number;
  pauses: Pause[];
  readonly actors: Map<string, Actor>;
  /** Variables in place of those of the environment. */
  variables: Record<string, string>;
  /** What the outbound queue took, in order, repeats included. */
  published: unknown[];
  /** What was put (back) on the inbound queue. */
  requeued: unknown[];
}

export const injection: Injection = {
  isActive: false,
  strikes: strikesOf([]),
  trace: [],
  struck: 0,
  pauses: [],
  actors: new Map(),
  variables: {},
  published: [],
  requeued: [],
};

/** Forgets everything of the history before. */
export function startHistory(): void {
  injection.isActive = true;
  aim([]);
  injection.trace = [];
  injection.struck = 0;
  injection.pauses = [];
  injection.actors.clear();
  injection.variables = {};
  injection.published = [];
  injection.requeued = [];
}

/** Sets the faults of a step, and gives back what was set before. */
export function aim(faults: readonly Fault[]): Strikes {
  const before = injection.strikes;
  injection.strikes = strikesOf(faults);
  return before;
}

/** Goes on with a step that was interrupted. */
export function aimAgain(strikes: Strikes): void {
  injection.strikes = strikes;
}

class InjectedError extends Error {
  override readonly name = "InjectedError";
  readonly overloaded: boolean;
  constructor(message: string, overloaded = false) {
    super(message);
    this.overloaded = overloaded;
  }
}

/** Lets an actor await something, or what a fault makes of it. */
export async function awaited<T>(actor: Actor, what: string, act: () => Promise<T>): Promise<T> {
  if (actor.isDead) return never();
  const token = Symbol(what);
  actor.awaiting.add(token);
  try {
    const result = await struck(actor, what, act);
    return actor.isDead ? await never() : result;
  } finally {
    actor.awaiting.delete(token);
  }
}

async function struck<T>(actor: Actor, what: string, act: () => Promise<T>): Promise<T> {
  const fault = nextAwaitFault(placesOf(actor, what));
  if (fault === undefined) {
    injection.trace.push(`${actor.name} ${what}`);
    return act();
  }
  injection.trace.push(`${actor.name} ${what} !${fault.kind}`);
  switch (fault.kind) {
    case "fail_before":
      throw new InjectedError(`injected: ${what} did not happen`);
    case "overloaded":
      throw new InjectedError(`injected: ${what} is overloaded`, true);
    case "fail_after":
      await act();
      throw new InjectedError(`injected: the answer to ${what} got lost`);
    case "crash_before":
      return death(actor);
    case "crash_after":
      await act();
      return death(actor);
    case "pause_before":
      await pause(fault.meanwhile);
      return act();
    case "pause_after": {
      const result = await act();
      await pause(fault.meanwhile);
      return result;
    }
    default:
      return fault.kind satisfies never;
  }
}

/** Runs an object's transaction, or what a fault makes of it. */
export function inTransaction<T>(actor: Actor, run: (closure: () => T) => T, closure: () => T): T {
  const at = injection.strikes.transactions++;
  const fault = injection.strikes.faults.find(
    (candidate): candidate is TransactionFault => candidate.on === "transaction" && candidate.at === at,
  );
  injection.trace.push(`${actor.name} transaction${fault ? ` !${fault.kind}` : ""}`);
  if (!fault) return run(closure);
  injection.struck++;
  if (fault.kind === "rolled_back") {
    return run(() => {
      closure();
      // So named, the platform does not report it as an error that nobody expects.
      throw new InjectedError("disconnected: operation canceled: injected, the disk is full");
    });
  }
  const result = run(closure);
  actor.die();
  return result;
}

function strikesOf(faults: readonly Fault[]): Strikes {
  return { faults, awaits: { any: 0, by_object: 0, to_identity: 0, to_queue: 0 }, transactions: 0 };
}

function placesOf(actor: Actor, what: string): Place[] {
  const places: Place[] = ["any"];
  if (actor.isObject) places.push("by_object");
  if (what.startsWith("identity ")) places.push("to_identity");
  if (what.startsWith("queue ")) places.push("to_queue");
  return places;
}

function nextAwaitFault(places: readonly Place[]): AwaitFault | undefined {
  const { awaits, faults } = injection.strikes;
  const counts = new Map(places.map((place) => [place, awaits[place]++] as const));
  const fault = faults.find(
    (candidate): candidate is AwaitFault =>
      candidate.on === "await" && counts.get(candidate.place) === candidate.at,
  );
  if (fault) injection.struck++;
  return fault;
}

function death(actor: Actor): Promise<never> {
  actor.die();
  return never();
}

/** Polls, because whoever ends the pause does so in another request. */
async function pause(meanwhile: readonly Step[]): Promise<void> {
  const entry: Pause = { meanwhile, isOver: false };
  injection.pauses.push(entry);
  while (!entry.isOver) await scheduler.wait(1);
}

function never(): Promise<never> {
  return new Promise(() => {});
}
