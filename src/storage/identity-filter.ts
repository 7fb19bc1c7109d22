/** Which identities a list has: by state and primitive, and by evidence. As SQL over a row of `identities`. */
import type { State } from "../core/index.ts";
import { ANY_STATE, hasPrimitive, hasState } from "./profile-states.ts";

/** By evidence: without and with a proven change that stands, with several operators, noted. */
export const EVIDENCE_FILTERS = ["unchanged", "changed", "several_operators", "noted"] as const;
export type EvidenceFilter = (typeof EVIDENCE_FILTERS)[number];

/** Which identities to list; each condition that is given must hold. */
export interface IdentityFilter {
  readonly state: State | null;
  /** With a state, the same primitive must fit both. */
  readonly primitive: string | null;
  readonly evidence?: EvidenceFilter | null;
  /** Epoch seconds: the last proven change that stands is not earlier. */
  readonly changedSinceTs?: number | null;
}

/** E of an identity from which it is noted: 100 in one primitive, over the 32 that share the error rate. The index by E begins here. */
export const NOTED_E = 3.125;

/** Takes a parameter and gives the name it has in the statement. */
export type Bind = (value: string | number) => string;

/** A condition of a filter. */
export interface FilterTerm {
  /** SQL: whether a row of `identities` fits. */
  readonly fits: string;
  /** SQL of a query of all that fit, as `identity_uuid`, once each; null if no index gives them. */
  readonly all: string | null;
}

/** SQL of each filter by evidence. Each but the first is the condition of a partial index. */
export const FITS: Readonly<Record<EvidenceFilter, string>> = {
  unchanged: "evidence_changed_ts IS NULL",
  changed: "evidence_changed_ts IS NOT NULL",
  several_operators: "operators > 1",
  noted: `evidence_e >= ${NOTED_E}`,
};

/**
 * The conditions of a filter; none if it lets everything through.
 * @param isRange - whether an order goes along an index of evidence that has only what fits: nothing needs to be gathered by evidence then
 */
export function termsOf(filter: IdentityFilter, isRange: boolean, bind: Bind): FilterTerm[] {
  const { state, primitive, evidence = null, changedSinceTs = null } = filter;
  const terms: FilterTerm[] = [];
  if (state !== null || primitive !== null) terms.push(termOfStates(state, primitive, bind));
  if (evidence !== null) terms.push(termOf(FITS[evidence], evidence !== "unchanged" && !isRange));
  if (changedSinceTs !== null) {
    terms.push(termOf(`${FITS.changed} AND evidence_changed_ts >= ${bind(changedSinceTs)}`, !isRange));
  }
  return terms;
}

function termOf(fits: string, hasIndex: boolean): FilterTerm {
  const all = `SELECT uuid AS identity_uuid FROM identities WHERE merged_into_uuid IS NULL AND ${fits}`;
  return { fits, all: hasIndex ? all : null };
}

/**
 * Those that fit are a range of the key of `attributions` (five, if any state will do). Whether one identity fits is looked up there, if both
 * state and primitive are known, and else read in its profile. While events are being drained, the profile may be ahead.
 */
function termOfStates(state: State | null, primitive: string | null, bind: Bind): FilterTerm {
  // The key begins with the state, so all five are named where any will do.
  const inState = state === null ? `IN ${ANY_STATE}` : `= ${bind(state)}`;
  const named = primitive === null ? null : bind(primitive);
  const range = `state ${inState}${named === null ? "" : ` AND primitive = ${named}`}`;
  const fits = () => {
    if (named === null) return state === null ? "true" : hasState("identities", state);
    if (state === null) return hasPrimitive("identities", named);
    return `EXISTS (SELECT 1 FROM attributions WHERE ${range} AND identity_uuid = identities.uuid)`;
  };
  // A primitive is in one state, so of one primitive an identity comes once.
  const distinct = named === null ? "DISTINCT " : "";
  return { fits: fits(), all: `SELECT ${distinct}identity_uuid FROM attributions WHERE ${range}` };
}
