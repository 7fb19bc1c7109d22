/**
 * The rows that a batch of observations is written to, round by round. It plans a round from what earlier ones have found; the caller
 * runs the statements. A batch of new sessions takes one round, one of repeats as well, one that continues stored sessions two, or one if
 * this isolate has just written them; an overfull row, a lost race or an erasure takes further ones.
 */
import { mergeIntoRow, placeOf, type SessionRow } from "../../core/index.ts";
import type { RecordedObservation } from "./codec.ts";
import { type KnownRow, KnownRows } from "./known-rows.ts";
import { addToPlace, nameOfPlace, type PlaceGroup, type PlaceGroups } from "./places.ts";
import type { ReadRows } from "./reading.ts";
import {
  type NewRow,
  type Pending,
  type ReplacedRow,
  rowValues,
  spanOf,
  type StoredRow,
  toPlaced,
  toSessionRow,
  unlistedIn,
} from "./rows.ts";

/** Observations for one row. */
type Group = PlaceGroup<Pending>;

/** A change of a stored row that waits to be written. */
interface Change {
  readonly group: Group;
  /** The row after the change. */
  readonly after: SessionRow<Pending>;
  readonly row: ReplacedRow;
  /** Whether the row before it is only remembered. */
  readonly isBlind: boolean;
  /** Looked for deeper once the change is written. */
  readonly deeper: readonly Pending[];
}

/** What a round does, in this order. */
export interface Round {
  /** Changes of rows that were read in the round before. */
  readonly replaced: readonly ReplacedRow[];
  /** Attackers whose tombstones are read, because a write was refused. */
  readonly refused: readonly string[];
  /** Rows to read, as [attacker, place]; those that are not there are inserted. */
  readonly read: readonly (readonly [string, number])[];
  readonly inserted: readonly NewRow[];
  /** Observations that were found to be erased in the round before. */
  readonly erased: number;
}

/** What a round found: of the rows to read those that were there before it inserted any, and the following. */
export interface RoundResult extends ReadRows {
  /** Ids of the rows that were replaced. */
  readonly replaced: ReadonlySet<string>;
  /** Tombstones of refused attackers: epoch seconds by attacker. */
  readonly erasures: ReadonlyMap<string, number>;
  /** The rows that were inserted: ids by name (`nameOfPlace`). */
  readonly inserted: ReadonlyMap<string, string>;
  /** The version of the rows that were inserted. */
  readonly insertedVersion: number;
}

/** Characters of rows that this isolate remembers: some 16 MB. */
const known = new KnownRows<Pending>(4_000_000);

/** Forgets what this isolate remembers, as a new one would; for tests. */
export function forgetKnownRows(): void {
  known.clear();
}

export class SessionWriting {
  #groups: PlaceGroups<Pending> = new Map();
  #changes: Change[] = [];
  #refused: Group[] = [];
  /** The rows that the round reads, and inserts (null: only reads), with what does not fit into them. */
  #planned = new Map<string, { readonly group: Group; readonly inserted: Planned | null }>();
  #erased = 0;

  constructor(recorded: readonly RecordedObservation[]) {
    for (const each of recorded) this.#add(each.observation.attackerUuid, { ...toPlaced(each), depth: 0 });
  }

  /** Whether something is left to do. */
  get isOpen(): boolean {
    return this.#groups.size + this.#changes.length + this.#refused.length + this.#erased > 0;
  }

  /** The attackers of which something is left to do. */
  get attackerUuids(): ReadonlySet<string> {
    const groups = [...this.#groups.values(), ...this.#changes.map(({ group }) => group), ...this.#refused];
    return new Set(groups.map(({ attackerUuid }) => attackerUuid));
  }

  /** The next round. */
  plan(): Round {
    const inserted: NewRow[] = [];
    this.#planned = new Map();
    for (const [name, group] of this.#groups) {
      const remembered = known.take(name);
      if (remembered) {
        const change = changeOf(group, remembered, true);
        if (change) this.#changes.push(change);
        // It seems to hold everything already. Whether it does is read.
        else this.#planned.set(name, { group, inserted: null });
        continue;
      }
      const { row, deeper } = mergeIntoRow<Pending>(null, group.members);
      this.#planned.set(name, { group, inserted: { row, deeper } });
      inserted.push([group.attackerUuid, group.place, unlistedIn(row.observations), ...rowValues(row)]);
    }
    return {
      replaced: this.#changes.map(({ row }) => row),
      refused: [...new Set(this.#refused.map(({ attackerUuid }) => attackerUuid))],
      read: [...this.#planned.values()].map(({ group }) => [group.attackerUuid, group.place]),
      inserted,
      erased: this.#erased,
    };
  }

  /** Takes in what the planned round found. */
  take({ replaced, erasures, stored, unread, inserted, insertedVersion }: RoundResult): void {
    const [changes, refused] = [this.#changes, this.#refused];
    this.#groups = new Map();
    this.#changes = [];
    this.#refused = [];
    this.#erased = 0;
    for (const { group, after, row, isBlind, deeper } of changes) {
      const [id, version] = row;
      if (replaced.has(id)) {
        known.keep(nameOfPlace(group), { id, version: version + 1, row: after });
        this.#addDeeper(group, deeper);
      } else if (isBlind) this.#addAgain(group);
      // Another writer was faster, or an erasure: what refused it is looked up before the next attempt.
      else this.#refused.push(group);
    }
    for (const group of refused) {
      const erasedTs = erasures.get(group.attackerUuid) ?? -Infinity;
      for (const observation of group.members) {
        if (observation.ts <= erasedTs) this.#erased++;
        else this.#add(group.attackerUuid, observation);
      }
    }
    const found = new Map(stored.map((row) => [nameOfPlace(row), row]));
    const isUnread = new Set(unread.map(nameOfPlace));
    for (const [name, { group, inserted: planned }] of this.#planned) {
      const row = found.get(name);
      const id = inserted.get(name);
      if (row) this.#merge(name, group, row);
      else if (planned === null || isUnread.has(name)) this.#addAgain(group);
      else if (id !== undefined) {
        known.keep(name, { id, version: insertedVersion, row: planned.row });
        this.#addDeeper(group, planned.deeper);
      } else this.#refused.push(group);
    }
  }

  #merge(name: string, group: Group, stored: StoredRow): void {
    const observations = toSessionRow(stored).observations.map((each) => ({ ...each, depth: 0 }));
    const before = { id: stored.id, version: stored.version, row: { isFull: stored.isFull, observations } };
    const change = changeOf(group, before, false);
    if (change) this.#changes.push(change);
    else {
      known.keep(name, before);
      this.#addDeeper(group, mergeIntoRow(before.row, group.members).deeper);
    }
  }

  #addDeeper({ attackerUuid }: Group, deeper: readonly Pending[]): void {
    for (const observation of deeper)
      this.#add(attackerUuid, { ...observation, depth: observation.depth + 1 });
  }

  #addAgain({ attackerUuid, members }: Group): void {
    for (const observation of members) this.#add(attackerUuid, observation);
  }

  #add(attackerUuid: string, observation: Pending): void {
    addToPlace(this.#groups, { attackerUuid, place: placeOf(observation, observation.depth) }, observation);
  }
}

/** A row that is inserted if there is none, and what does not fit into it. */
interface Planned {
  readonly row: SessionRow<Pending>;
  readonly deeper: readonly Pending[];
}

/** The change that observations make to a row; null if they change nothing. */
function changeOf(
  group: Group,
  { id, version, row: before }: KnownRow<Pending>,
  isBlind: boolean,
): Change | null {
  const { row, isChanged, accepted, replaced, deeper } = mergeIntoRow(before, group.members);
  if (!isChanged) return null;
  const [broughtFromTs] = spanOf(accepted);
  return {
    group,
    after: row,
    isBlind,
    deeper,
    row: [
      id,
      version,
      group.attackerUuid,
      accepted.length > 0 ? broughtFromTs : Number.MAX_VALUE,
      accepted.length - replaced.length,
      unlistedIn(accepted) - unlistedIn(replaced),
      ...rowValues(row),
    ],
  };
}
