/**
 * The series that a decision about arrivals asks for. Most steps ask for none. At the first question one pass over the stored
 * observations collects the series of every primitive that the arrivals have, so a decision makes at most one pass.
 */
import type { Facts } from "./facts.ts";
import {
  arraySeries,
  collectSeries,
  type HashWindow,
  joinSeries,
  type Series,
  type SeriesCollector,
} from "./merge/index.ts";
import {
  type AppliedObservation,
  type Member,
  type MergeKind,
  nameInSeries,
  toMember,
} from "./observation.ts";
import { mergeKindIn } from "./policy.ts";

/** The stored members of one series. */
interface Collected {
  readonly collector: SeriesCollector;
  /** The evidence pointers of its arrivals. */
  readonly pointers: Set<string>;
  /** The members that an arrival may replace, by the name of their observation. They are few, and not in the collector. */
  readonly replaceable: Map<string, Member>;
}

/** The name of an observation: its key as one text. None of its parts holds a U+0000. */
export function nameOfObservation(
  primitive: string,
  key: Pick<Member, "evidenceRef" | "attackerUuid">,
): string {
  return `${primitive}\0${nameInSeries(key)}`;
}

export class StoredSeries {
  readonly #facts: Facts;
  readonly #arrivals: readonly AppliedObservation[];
  readonly #accepted: ReadonlyMap<string, AppliedObservation>;
  #collected: ReadonlyMap<string, Collected> | null = null;

  /**
   * @param arrivals - all arrivals of the decision
   * @param accepted - those that were accepted so far, by name; it grows during the decision
   */
  constructor(
    facts: Facts,
    arrivals: readonly AppliedObservation[],
    accepted: ReadonlyMap<string, AppliedObservation>,
  ) {
    this.#facts = facts;
    this.#arrivals = arrivals;
    this.#accepted = accepted;
  }

  /** The series of a primitive as of now: the stored members without the replaced ones, and the accepted ones. */
  read(primitive: string, kind: MergeKind, hashWindow: HashWindow): Series {
    const members: Member[] = [];
    for (const observation of this.#accepted.values()) {
      if (observation.primitive === primitive) members.push(toMember(observation));
    }
    // Stored observations of a primitive without a record do not count yet.
    if (this.#facts.record(primitive) === null) return arraySeries(kind, members, hashWindow);
    this.#collected ??= this.#collect();
    const collected = this.#collected.get(primitive);
    if (!collected) throw new Error(`only series of arrivals are read, ${primitive} has none`);
    for (const [name, member] of collected.replaceable) {
      if (!this.#accepted.has(name)) members.push(member);
    }
    return joinSeries(kind, collected.collector.series(hashWindow), members);
  }

  #collect(): Map<string, Collected> {
    const { policy } = this.#facts;
    const all = new Map<string, Collected>();
    const names = new Set<string>();
    for (const { primitive, ...key } of this.#arrivals) {
      if (this.#facts.record(primitive) === null) continue;
      const collected = all.get(primitive) ?? {
        collector: collectSeries(mergeKindIn(policy, primitive), policy.thresholds),
        pointers: new Set(),
        replaceable: new Map(),
      };
      all.set(primitive, collected);
      collected.pointers.add(key.evidenceRef);
      names.add(nameOfObservation(primitive, key));
    }
    this.#facts.eachStored(new Set(all.keys()), (primitive, member) => {
      const collected = all.get(primitive);
      if (!collected) return;
      const { collector, pointers, replaceable } = collected;
      // Most members have another pointer than the arrivals, and need no name.
      const name = pointers.has(member.evidenceRef) ? nameOfObservation(primitive, member) : null;
      if (name !== null && names.has(name)) replaceable.set(name, member);
      else collector.add(member);
    });
    return all;
  }
}

/**
 * The series of a primitive at one step of a decision. It is read at the first question. It is a class, because one is created
 * per observation and most are never read.
 */
export class SeriesAtStep implements Series {
  readonly hashWindow: HashWindow;
  readonly #stored: StoredSeries;
  readonly #primitive: string;
  readonly #kind: MergeKind;
  #read: Series | null = null;

  constructor(stored: StoredSeries, primitive: string, kind: MergeKind, hashWindow: HashWindow) {
    this.#stored = stored;
    this.#primitive = primitive;
    this.#kind = kind;
    this.hashWindow = hashWindow;
  }

  count(): number {
    return this.#series().count();
  }

  lastTs(): number | null {
    return this.#series().lastTs();
  }

  countInformative(): number {
    return this.#series().countInformative();
  }

  newestInformative(limit: number): Member[] {
    return this.#series().newestInformative(limit);
  }

  latestByValue(startTs: number): Member[] {
    return this.#series().latestByValue(startTs);
  }

  #series(): Series {
    this.#read ??= this.#stored.read(this.#primitive, this.#kind, this.hashWindow);
    return this.#read;
  }
}
