/** Answers for the evidence of an identity. What it means is known to the hook. Reads, and changes nothing. */
import type { EvidenceReader } from "../hooks.ts";
import type { IdentityStore } from "./store/index.ts";

type SeriesView = NonNullable<ReturnType<EvidenceReader["describe"]>>;
type SeriesAsOf = NonNullable<ReturnType<EvidenceReader["asOf"]>>;
type CommandsView = NonNullable<ReturnType<EvidenceReader["describeCommands"]>>;

/** What is said of the evidence of an identity; wire names. */
interface EvidenceBody {
  /** Null: not known. */
  readonly e: number | null;
  readonly change: readonly SeriesView[];
  readonly commands: CommandsView | null;
}

/**
 * The evidence of all series now, or as it would be with the observations whose ts is not later. A series that has no later observation is
 * answered from what is kept; the others cost one pass over the observations up to then, all of them together.
 * @param asOfTs - epoch seconds; null: now
 * @param primitive - the only one whose series is described; null: all
 */
export function evidenceOf(
  store: IdentityStore,
  reader: EvidenceReader | null,
  asOfTs: number | null,
  primitive: string | null,
): EvidenceBody {
  if (reader === null || store.isEmpty) return { e: null, change: [], commands: null };
  const views = viewsOf(store, reader, asOfTs);
  const es = views.map(({ e }) => e).filter((e) => e !== null);
  return {
    e: es.length === 0 && views.length > 0 ? null : reader.eOfIdentity(es),
    change: views.filter((view) => primitive === null || view.primitive === primitive),
    commands: asOfTs === null ? commandsOf(store, reader) : null,
  };
}

/** By primitive. */
function viewsOf(store: IdentityStore, reader: EvidenceReader, asOfTs: number | null): SeriesView[] {
  const views = new Map<string, () => SeriesView | null>();
  const passed = new Map<string, SeriesAsOf>();
  const states = store.attributions();
  for (const { primitive, lastObservationTs } of states) {
    const kept = store.record(primitive)?.kept ?? null;
    if (kept === null) continue;
    const entries = store.entries(primitive);
    if (asOfTs === null || lastObservationTs <= asOfTs) {
      views.set(primitive, () => reader.describe(primitive, kept, entries));
    } else {
      const series = reader.asOf(primitive, kept, entries, asOfTs);
      if (series === null) continue;
      passed.set(primitive, series);
      views.set(primitive, () => series.view());
    }
  }
  if (asOfTs !== null) {
    store.observations.eachInOrder(
      new Set(passed.keys()),
      { fromTs: -Number.MAX_VALUE, toTs: asOfTs },
      (primitive, member) => passed.get(primitive)?.take(member),
    );
  }
  return [...views.values()].map((view) => view()).filter((view) => view !== null);
}

function commandsOf(store: IdentityStore, reader: EvidenceReader): CommandsView | null {
  for (const { primitive } of store.attributions()) {
    const kept = store.record(primitive)?.kept ?? null;
    const commands = kept === null ? null : reader.describeCommands(primitive, kept);
    if (commands !== null) return commands;
  }
  return null;
}
