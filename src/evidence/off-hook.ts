/**
 * The part of evidence in an erasure while it is switched off: what was found with an erased attacker's values does not stay, and
 * what was published of it is withdrawn. Nothing is computed.
 */
import type { EntriesChange, HookEvent, SeriesHook } from "../core/index.ts";
import { summarizeIdentity, summarizeSeries } from "./hook.ts";
import { withdrawnEvent, withoutEntries } from "./series/index.ts";

/** Bytes that say nothing of a series, so that it is followed anew when evidence is switched on again. */
const NOTHING_KEPT = new Uint8Array();

/** Forgets every series of an identity, and withdraws its changes. */
export const offHook: SeriesHook = {
  begin(work) {
    return {
      reads: new Map(),
      take() {},
      end() {
        const kept = new Map<string, Uint8Array>();
        const entries = new Map<string, EntriesChange>();
        const events: HookEvent[] = [];
        for (const primitive of [...work.primitives()].toSorted()) {
          if (work.kept(primitive) !== null) kept.set(primitive, NOTHING_KEPT);
          const outcome = withoutEntries(work.entries(primitive));
          if (outcome.entries !== null) entries.set(primitive, outcome.entries);
          for (const id of outcome.withdrawn) events.push(withdrawnEvent(work.identityUuid, primitive, id));
        }
        return { kept, entries, keptOfIdentity: work.keptOfIdentity, events };
      },
    };
  },
  summarizeSeries,
  summarizeIdentity,
};
