/**
 * The hash window of one primitive during a decision: it reads the stored window and collects the changes, so that the decision
 * is plain data.
 */
import type { Member } from "../observation.ts";
import type { HashWindow } from "./merger.ts";

/** A stored hash window. */
export interface StoredHashWindow {
  /** The latest member with this value, or null. */
  get(value: string): Member | null;
  /** The values whose latest member has `fromTs` ≤ ts < `beforeTs`. */
  valuesBetween(fromTs: number, beforeTs: number): string[];
}

/** Changes to a stored hash window, in this order. */
export interface HashWindowChange {
  /** Members with a ts below this are removed; `Infinity` removes all. */
  readonly removeBeforeTs: number;
  /** Each becomes the latest member of its value. */
  readonly puts: readonly Member[];
}

/** A hash window that collects its changes. */
export interface ChangingHashWindow extends HashWindow {
  /** The changes since its creation, or null. */
  change(): HashWindowChange | null;
}

/** An empty hash window for window tails, which do not use one. */
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

/** A hash window that starts from a stored one. */
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
        // A stored member with a newer put is not the latest of its value: the member is removed, the value stays.
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
