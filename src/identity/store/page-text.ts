/**
 * The records of several primitives as one text. It is written anew with every observation of one of them, so it is short: texts
 * (values, pointers, attackers, …) are listed once, and so is each combination of pointer, attacker and time, which the observations of
 * a session share. A member is two indexes.
 */
import { type Attribution, type Member, type PrimitiveRecord, STATES, type Tail } from "../../core/index.ts";

/** A record: indexes of texts are marked by `…Text`. */
type StoredRecord = readonly [
  stateText: number,
  valueText: number,
  confidence: number,
  observationCount: number,
  lastChangeTs: number,
  lastObservationTs: number,
  policyText: number,
  kindText: number,
  /** Informative observations, or distinct hashes. */
  counted: number,
  /** Per member: the index of its value's text, and of its moment. */
  members: readonly number[],
];

type StoredPage = readonly [
  texts: readonly string[],
  /** Per moment: the index of the pointer's text, of the attacker's text, and the ts. */
  moments: readonly number[],
  records: readonly StoredRecord[],
];

/** A record without what a hook keeps, which has a column of its own. */
export type StateRecord = Omit<PrimitiveRecord, "kept">;

/** The text of records. */
export function writePage(records: readonly StateRecord[]): string {
  const writer = new PageWriter();
  const stored = records.map((record) => writer.store(record));
  return JSON.stringify([writer.texts, writer.moments, stored] satisfies StoredPage);
}

/** A combination of pointer, attacker and time; a pointer has one, unless its session has several times. */
interface Moment {
  readonly index: number;
  readonly pointerText: number;
  readonly member: Member;
  /** Another one of the same pointer. */
  readonly next: Moment | null;
}

class PageWriter {
  readonly texts: string[] = [];
  readonly moments: number[] = [];
  readonly #indexes = new Map<string, number>();
  /** The last moment of each pointer. */
  readonly #byPointer = new Map<string, Moment>();

  store({ attribution, tail, policyId }: StateRecord): StoredRecord {
    const { count, lastTs } = tail;
    if (count !== attribution.observationCount || lastTs !== attribution.lastObservationTs) {
      throw new Error(
        `a tail must be of the series of its state, ${count} is not ${attribution.observationCount}`,
      );
    }
    const members: number[] = [];
    let [value, valueText] = ["", -1];
    for (const member of tail.kind === "hash" ? tail.latest : tail.newest) {
      // Most members have the value of the one before.
      if (valueText < 0 || member.value !== value) {
        ({ value } = member);
        valueText = this.#text(value);
      }
      members.push(valueText, this.#moment(member));
    }
    return [
      this.#text(attribution.state),
      this.#text(attribution.currentValue),
      attribution.confidence,
      count,
      attribution.lastChangeTs,
      lastTs,
      this.#text(policyId),
      this.#text(tail.kind),
      tail.kind === "hash" ? tail.distinct : tail.informative,
      members,
    ];
  }

  #text(text: string): number {
    const known = this.#indexes.get(text);
    if (known !== undefined) return known;
    this.#indexes.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }

  #moment(member: Member): number {
    const { evidenceRef, attackerUuid, ts } = member;
    const last = this.#byPointer.get(evidenceRef);
    for (let moment = last ?? null; moment !== null; moment = moment.next) {
      if (moment.member.ts === ts && moment.member.attackerUuid === attackerUuid) return moment.index;
    }
    const index = this.moments.length / 3;
    const pointerText = last ? last.pointerText : this.texts.push(evidenceRef) - 1;
    this.moments.push(pointerText, this.#text(attackerUuid), ts);
    this.#byPointer.set(evidenceRef, { index, pointerText, member, next: last ?? null });
    return index;
  }
}

/** The records of a text. @throws Error if the text is damaged */
export function readPage(text: string): StateRecord[] {
  // Written by `writePage` alone. Checking every field would take longer than reading.
  // eslint-disable-next-line typescript/no-unsafe-type-assertion
  const [texts, moments, records] = JSON.parse(text) as StoredPage;
  return records.map((stored): StateRecord => {
    const [state, value, confidence, observationCount, lastChangeTs, lastObservationTs, ...rest] = stored;
    const [policy, kind, counted, indexes] = rest;
    const attribution = {
      currentValue: at(texts, value),
      state: stateOf(at(texts, state)),
      confidence,
      observationCount,
      lastChangeTs,
      lastObservationTs,
    };
    const members: Member[] = [];
    for (let i = 0; i < indexes.length; i += 2) {
      const moment = at(indexes, i + 1) * 3;
      members.push({
        value: at(texts, at(indexes, i)),
        ts: at(moments, moment + 2),
        evidenceRef: at(texts, at(moments, moment)),
        attackerUuid: at(texts, at(moments, moment + 1)),
      });
    }
    return {
      attribution,
      tail: tailOf(at(texts, kind), attribution, counted, members),
      policyId: at(texts, policy),
    };
  });
}

function tailOf(kind: string, attribution: Attribution, counted: number, members: readonly Member[]): Tail {
  const { observationCount: count, lastObservationTs: lastTs } = attribution;
  switch (kind) {
    case "hash":
      return { kind, count, lastTs, distinct: counted, latest: members };
    case "categorical":
    case "numeric":
    case "bag":
      return { kind, count, informative: counted, lastTs, newest: members };
    default:
      throw new Error(`a tail must be of a known kind, found ${kind}`);
  }
}

function stateOf(text: string) {
  const state = STATES.find((known) => known === text);
  if (state === undefined) throw new Error(`a state must be a known one, found ${text}`);
  return state;
}

function at<T>(list: readonly T[], i: number): T {
  const entry = list[i];
  if (entry === undefined)
    throw new RangeError(`a page of states must have an entry ${i}, it has ${list.length}`);
  return entry;
}
