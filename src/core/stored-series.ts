/**
 * The series that a decision about arrivals asks for. Most steps ask for none. At the first question one pass over the stored
 * observations collects the series of every primitive that the arrivals have, so a decision makes at most one pass.
 */
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
import { mergeKindIn, type Policy } from "./policy.ts";

/** A way to read stored observations. */
export interface StoredObservations {
  /** Whether a primitive has stored observations that count: those without a record of their primitive do not. */
  has(primitive: string): boolean;
  /** See `Facts`. */
  each(primitives: ReadonlySet<string>, take: (primitive: string, member: Member) => void): void;
}

/** The stored members of one series. */
interface Collected {
  readonly collector: SeriesCollector;
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
  readonly #stored: StoredObservations;
  readonly #policy: Policy;
  readonly #arrivals: readonly AppliedObservation[];
  readonly #accepted: ReadonlyMap<string, AppliedObservation>;
  #collected: ReadonlyMap<string, Collected> | null = null;

  /**
   * @param arrivals - all arrivals of the decision
   * @param accepted - those that were accepted so far, by name; it grows during the decision
   */
  constructor(
    stored: StoredObservations,
    policy: Policy,
    arrivals: readonly AppliedObservation[],
    accepted: ReadonlyMap<string, AppliedObservation>,
  ) {
    this.#stored = stored;
    this.#policy = policy;
    this.#arrivals = arrivals;
    this.#accepted = accepted;
  }

  /** The series of a primitive as of now: the stored members without the replaced ones, and the accepted ones. */
  read(primitive: string, kind: MergeKind, hashWindow: HashWindow): Series {
    const members: Member[] = [];
    for (const observation of this.#accepted.values()) {
      if (observation.primitive === primitive) members.push(toMember(observation));
    }
    if (!this.#stored.has(primitive)) return arraySeries(kind, members, hashWindow);
    this.#collected ??= this.#collect();
    const collected = this.#collected.get(primitive);
    if (!collected) throw new Error(`only series of arrivals are read, ${primitive} has none`);
    for (const [name, member] of collected.replaceable) {
      if (!this.#accepted.has(name)) members.push(member);
    }
    return joinSeries(kind, collected.collector.series(hashWindow), members);
  }

  #collect(): Map<string, Collected> {
    const all = new Map<string, Collected>();
    const pointers = new Map<string, Set<string>>();
    const names = new Set<string>();
    for (const { primitive, ...key } of this.#arrivals) {
      if (!this.#stored.has(primitive)) continue;
      if (!all.has(primitive)) {
        const kind = mergeKindIn(this.#policy, primitive);
        all.set(primitive, {
          collector: collectSeries(kind, this.#policy.thresholds),
          replaceable: new Map(),
        });
        pointers.set(primitive, new Set());
      }
      pointers.get(primitive)?.add(key.evidenceRef);
      names.add(nameOfObservation(primitive, key));
    }
    this.#stored.each(new Set(all.keys()), (primitive, member) => {
      const collected = all.get(primitive);
      if (!collected) return;
      // Most members have another pointer than the arrivals, so most need no name.
      if (pointers.get(primitive)?.has(member.evidenceRef) === true) {
        const name = nameOfObservation(primitive, member);
        if (names.has(name)) {
          collected.replaceable.set(name, member);
          return;
        }
      }
      collected.collector.add(member);
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
