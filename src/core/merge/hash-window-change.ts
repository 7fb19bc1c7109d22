/**
 * The hash window of one primitive during a decision: reads what is stored, and collects what is to change, so that the
 * decision stays plain data.
 */
import type { Member } from "../observation.ts";
import type { HashWindow } from "./merger.ts";

/** What is stored of a hash window. */
export interface StoredHashWindow {
  /** The latest member with this value, or null. */
  get(value: string): Member | null;
  /** The values whose latest member has `fromTs` ≤ ts < `beforeTs`. */
  valuesBetween(fromTs: number, beforeTs: number): string[];
}

/** What is to become of a stored hash window, in this order. */
export interface HashWindowChange {
  /** Members with a ts below this go; `Infinity` removes all. */
  readonly removeBeforeTs: number;
  /** Each becomes the latest member of its value. */
  readonly puts: readonly Member[];
}

/** A hash window that collects its changes. */
export interface ChangingHashWindow extends HashWindow {
  /** What changed since it was made, or null. */
  change(): HashWindowChange | null;
}

/** Stands where none is needed: window tails ask for no hash window. */
export const NO_HASH_WINDOW: HashWindow = {
  load: refuse,
  get: refuse,
  put: refuse,
  expire: refuse,
  clear: refuse,
};

function refuse(): never {
  throw new Error("only a hash series may ask for its hash window");
}

/** A hash window over what is stored. */
export function changingHashWindow(stored: StoredHashWindow): ChangingHashWindow {
  let removeBeforeTs = -Infinity;
  let isChanged = false;
  const puts = new Map<string, Member>();
  const clear = (): void => {
    removeBeforeTs = Infinity;
    puts.clear();
    isChanged = true;
  };
  return {
    load(members) {
      clear();
      for (const member of members) puts.set(member.value, member);
    },
    get(value) {
      const put = puts.get(value);
      if (put) return put;
      const found = removeBeforeTs === Infinity ? null : stored.get(value);
      return found && found.ts >= removeBeforeTs ? found : null;
    },
    put(member) {
      puts.set(member.value, member);
      isChanged = true;
    },
    expire(startTs) {
      const removed = new Set<string>();
      for (const [value, { ts }] of puts) {
        if (ts >= startTs) continue;
        puts.delete(value);
        removed.add(value);
      }
      if (startTs > removeBeforeTs) {
        // A stored member under a newer put is not the latest of its value: it goes, but its value stays.
        for (const value of stored.valuesBetween(removeBeforeTs, startTs)) {
          isChanged = true;
          if (!puts.has(value)) removed.add(value);
        }
        removeBeforeTs = startTs;
      }
      if (removed.size > 0) isChanged = true;
      return removed.size;
    },
    clear,
    change: () => (isChanged ? { removeBeforeTs, puts: [...puts.values()] } : null),
  };
}
