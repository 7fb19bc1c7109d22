/**
 * Where faults strike. Every call that an invocation of the Worker or an object awaits goes through here and is counted; a
 * step's faults say at which count they strike. Inactive unless a test starts a history, so that the Worker under test is
 * unchanged in all other tests.
 */
import { pageReleased, resetPages, takePage } from "./pages.ts";
import type { AwaitFault, Fault, Place, Step, TransactionFault } from "./plan.ts";
import type { Snapshot } from "./snapshot.ts";

/** Whoever awaits: an invocation of the Worker, or an object while it lives. */
export interface Actor {
  readonly name: string;
  readonly isObject: boolean;
  isDead: boolean;
  /** Ends it at once. */
  die(): void;
  /** The calls that it awaits now. */
  readonly awaiting: Set<symbol>;
  /** Those of them that end by themselves, while neither paused nor held back. */
  readonly leaves: Set<symbol>;
}

/** A call that an actor makes. */
export interface Call {
  /** For the trace. */
  readonly what: string;
  /** Whether it reads a page of observations from D1. */
  readonly isPageRead: boolean;
  /** Whether it removes observations from D1. */
  readonly isRemoval: boolean;
  /** Whether it ends by itself, as calls to D1 and the queue do; a call to an object can wait for another one. */
  readonly isLeaf: boolean;
}

/** A call that waits while other steps are played. */
export interface Pause {
  readonly meanwhile: readonly Step[];
  isOver: boolean;
}

/** What is counted during a step. */
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
  /** How many databases are bound. */
  databases: 1 | 2;
  /** Variables that replace those of the environment. */
  variables: Record<string, string>;
  /** What the outbound queue took, in order, repeats included. */
  published: unknown[];
  /** What was put (back) on the inbound queue. */
  requeued: unknown[];
  /** What each identity held when it was merged away, by its UUID. */
  readonly mergedAway: Map<string, Snapshot>;
}

export const injection: Injection = {
  isActive: false,
  strikes: strikesOf([]),
  trace: [],
  struck: 0,
  pauses: [],
  actors: new Map(),
  databases: 1,
  variables: {},
  published: [],
  requeued: [],
  mergedAway: new Map(),
};

/** Forgets the history before. */
export function startHistory(databases: 1 | 2, variables: Record<string, string>): void {
  injection.isActive = true;
  aim([]);
  injection.trace = [];
  injection.struck = 0;
  injection.pauses = [];
  injection.actors.clear();
  injection.databases = databases;
  resetPages();
  injection.variables = variables;
  injection.published = [];
  injection.requeued = [];
  injection.mergedAway.clear();
}

/** Sets the faults of a step. @returns what was set before */
export function aim(faults: readonly Fault[]): Strikes {
  const before = injection.strikes;
  injection.strikes = strikesOf(faults);
  return before;
}

/** Goes on with a step that was interrupted by another. */
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

/** Makes a call for an actor, or does what a fault says instead. */
export async function awaited<T>(actor: Actor, call: Call, act: () => Promise<T>): Promise<T> {
  if (actor.isDead) return never();
  const token = Symbol(call.what);
  actor.awaiting.add(token);
  try {
    const result = await struck(actor, call, act);
    return actor.isDead ? await never() : result;
  } finally {
    actor.awaiting.delete(token);
  }
}

async function struck<T>(actor: Actor, call: Call, make: () => Promise<T>): Promise<T> {
  const act = call.isLeaf ? () => leaf(actor, make) : make;
  const { what } = call;
  const fault = nextAwaitFault(placesOf(actor, call));
  injection.trace.push(`${actor.name} ${what}${fault ? ` !${fault.kind}` : ""}`);
  const isObjectsPage = actor.isObject && call.isPageRead;
  if (isObjectsPage && !takePage()) {
    injection.trace.push("!no_pages_left");
    injection.struck++;
    throw new InjectedError(`injected: ${what} did not happen, D1 answers no pages`);
  }
  if (fault === undefined) {
    const isRemoval = actor.isObject && call.isRemoval;
    if (isRemoval) await pageReleased();
    const result = await act();
    if (isObjectsPage || isRemoval) await pageReleased();
    return result;
  }
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

/** Runs an object's transaction, or does what a fault says instead. */
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
      // An error with this text is not reported by the platform as one that nobody expects.
      throw new InjectedError("disconnected: operation canceled: injected, the disk is full");
    });
  }
  const result = run(closure);
  actor.die();
  return result;
}

function strikesOf(faults: readonly Fault[]): Strikes {
  const awaits = { any: 0, by_object: 0, to_identity: 0, to_queue: 0, page_read: 0 };
  return { faults, awaits, transactions: 0 };
}

function placesOf(actor: Actor, { what, isPageRead }: Call): Place[] {
  const places: Place[] = ["any"];
  if (actor.isObject) places.push("by_object");
  if (actor.isObject && isPageRead) places.push("page_read");
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

async function leaf<T>(actor: Actor, make: () => Promise<T>): Promise<T> {
  const token = Symbol("leaf");
  actor.leaves.add(token);
  try {
    return await make();
  } finally {
    actor.leaves.delete(token);
  }
}

/** Whether a call is under way that ends by itself. */
export function isAnyLeaf(): boolean {
  return [...injection.actors.values()].some(({ leaves }) => leaves.size > 0);
}

/** Polls, because another request ends the pause. */
async function pause(meanwhile: readonly Step[]): Promise<void> {
  const entry: Pause = { meanwhile, isOver: false };
  injection.pauses.push(entry);
  while (!entry.isOver) await scheduler.wait(1);
}

function never(): Promise<never> {
  return new Promise(() => {});
}
