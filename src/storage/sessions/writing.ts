/**
 * The rows that a batch of observations is written to, round by round. It plans a round from what earlier ones have found; the caller
 * runs the statements. A batch of new sessions takes one round, one of repeats as well, one that continues stored sessions two; an
 * overfull row, a lost race or an erasure takes further ones.
 */
import { mergeIntoRow, placeOf, type SessionRow } from "../../core/index.ts";
import type { RecordedObservation } from "./codec.ts";
import {
  type NewRow,
  type Placed,
  type ReplacedRow,
  rowValues,
  spanOf,
  type StoredRow,
  toPlaced,
  toSessionRow,
} from "./rows.ts";

/** Rounds of one batch: a row 10 levels deep, and as many lost races. More mean that something is wrong. */
const MOST_ROUNDS = 24;

/** An observation with the depth at which it is looked for. */
interface Pending extends Placed {
  readonly depth: number;
}

/** Observations for one row. */
interface Group {
  readonly attackerUuid: string;
  readonly place: number;
  readonly observations: Pending[];
}

/** A change of a stored row that waits to be written. */
interface Change {
  readonly group: Group;
  readonly row: ReplacedRow;
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

/** What a round found. */
export interface RoundResult {
  /** Ids of the rows that were replaced. */
  readonly replaced: ReadonlySet<string>;
  /** Tombstones of refused attackers: epoch seconds by attacker. */
  readonly erasures: ReadonlyMap<string, number>;
  /** Rows that were there before the round inserted any. */
  readonly stored: readonly StoredRow[];
  /** Names (`nameOfPlace`) of the rows that were inserted. */
  readonly inserted: ReadonlySet<string>;
}

export class SessionWriting {
  #groups = new Map<string, Group>();
  #changes: Change[] = [];
  #refused: Group[] = [];
  /** The rows of the round. `deeper`: what does not fit into a row that is inserted; null for a row that is only read. */
  #planned = new Map<string, { readonly group: Group; readonly deeper: readonly Pending[] | null }>();
  #erased = 0;
  #rounds = 0;

  constructor(recorded: readonly RecordedObservation[]) {
    for (const each of recorded) this.#add(each.observation.attackerUuid, { ...toPlaced(each), depth: 0 });
  }

  /** Whether something is left to do. */
  get isOpen(): boolean {
    return this.#groups.size + this.#changes.length + this.#refused.length + this.#erased > 0;
  }

  /** The next round. @throws Error after too many */
  plan(): Round {
    if (++this.#rounds > MOST_ROUNDS) throw new Error(`a batch must be written in ${MOST_ROUNDS} rounds`);
    const inserted: NewRow[] = [];
    this.#planned = new Map();
    for (const [name, group] of this.#groups) {
      // A row that was there a moment ago is only read: encoding it anew would be in vain.
      if (stored.delete(name)) {
        this.#planned.set(name, { group, deeper: null });
        continue;
      }
      const { row, deeper } = mergeIntoRow<Pending>(null, group.observations);
      this.#planned.set(name, { group, deeper });
      inserted.push([group.attackerUuid, group.place, unlistedIn(row.observations), ...rowValues(row)]);
    }
    return {
      replaced: this.#changes.map(({ row }) => row),
      refused: [...new Set(this.#refused.map(({ attackerUuid }) => attackerUuid))],
      read: [...this.#groups.values()].map(({ attackerUuid, place }) => [attackerUuid, place]),
      inserted,
      erased: this.#erased,
    };
  }

  /** Takes in what the planned round found. */
  take({ replaced, erasures, stored: read, inserted }: RoundResult): void {
    const [changes, refused] = [this.#changes, this.#refused];
    this.#groups = new Map();
    this.#changes = [];
    this.#refused = [];
    this.#erased = 0;
    for (const { group, row, deeper } of changes) {
      // Another writer was faster, or an erasure: what refused it is looked up before the next attempt.
      if (replaced.has(row[0])) this.#addDeeper(group, deeper);
      else this.#refused.push(group);
    }
    for (const group of refused) {
      const erasedTs = erasures.get(group.attackerUuid) ?? -Infinity;
      for (const observation of group.observations) {
        if (observation.ts <= erasedTs) this.#erased++;
        else this.#add(group.attackerUuid, observation);
      }
    }
    const found = new Map(read.map((row) => [nameOfPlace(row.attackerUuid, row.place), row]));
    for (const [name, { group, deeper }] of this.#planned) {
      const row = found.get(name);
      if (row || inserted.has(name)) rememberStored(name);
      if (row) this.#merge(group, row);
      else if (deeper === null) this.#addAgain(group);
      else if (inserted.has(name)) this.#addDeeper(group, deeper);
      else this.#refused.push(group);
    }
  }

  #merge(group: Group, found: StoredRow): void {
    const before: SessionRow<Pending> = {
      isFull: found.isFull,
      observations: toSessionRow(found).observations.map((each) => ({ ...each, depth: 0 })),
    };
    const { row, isChanged, accepted, replaced, deeper } = mergeIntoRow(before, group.observations);
    if (!isChanged) {
      this.#addDeeper(group, deeper);
      return;
    }
    const [broughtFromTs] = spanOf(accepted);
    this.#changes.push({
      group,
      deeper,
      row: [
        found.id,
        found.version,
        group.attackerUuid,
        accepted.length > 0 ? broughtFromTs : Number.MAX_VALUE,
        accepted.length - replaced.length,
        unlistedIn(accepted) - unlistedIn(replaced),
        ...rowValues(row),
      ],
    });
  }

  #addDeeper({ attackerUuid }: Group, deeper: readonly Pending[]): void {
    for (const observation of deeper)
      this.#add(attackerUuid, { ...observation, depth: observation.depth + 1 });
  }

  #addAgain({ attackerUuid, observations }: Group): void {
    for (const observation of observations) this.#add(attackerUuid, observation);
  }

  #add(attackerUuid: string, observation: Pending): void {
    const place = placeOf(observation, observation.depth);
    const name = nameOfPlace(attackerUuid, place);
    const group = this.#groups.get(name) ?? { attackerUuid, place, observations: [] };
    this.#groups.set(name, group);
    group.observations.push(observation);
  }
}

/** Rows that this isolate remembers: those of some minutes. */
const REMEMBERED_ROWS = 10_000;

/** Names of rows that were stored when this isolate last saw them, the latest last. It saves work, and nothing depends on it. */
const stored = new Set<string>();

function rememberStored(name: string): void {
  stored.delete(name);
  stored.add(name);
  for (const oldest of stored) {
    if (stored.size <= REMEMBERED_ROWS) return;
    stored.delete(oldest);
  }
}

/** A place as one text. */
export function nameOfPlace(attackerUuid: string, place: number): string {
  return `${attackerUuid} ${place}`;
}

function unlistedIn(observations: readonly Placed[]): number {
  return observations.filter(({ recorded }) => recorded.isUnlisted).length;
}
