/**
 * Tables of states for the terminal: the number of primitives per state, and identities that are not stable. Colour only
 * repeats the text, so output without colour is complete. `client.ts` reads the states.
 */
import { styleText } from "node:util";
import Table from "cli-table3";

/** The five states in display order; those with the most information come last. */
const STATE_ORDER = ["unknown", "stable", "drifting", "conflicted", "multi_actor"] as const;

const MEANING: Record<(typeof STATE_ORDER)[number], string> = {
  unknown: "too few observations to say",
  stable: "always the same",
  drifting: "changes from one value to another",
  conflicted: "no clear picture",
  multi_actor: "alternates between two: perhaps two operators",
};

type Colour = "gray" | "green" | "yellow" | "red" | "magenta";
const COLOUR: Record<(typeof STATE_ORDER)[number], Colour> = {
  unknown: "gray",
  stable: "green",
  drifting: "yellow",
  conflicted: "red",
  multi_actor: "magenta",
};

/** How to print. */
export interface TableOptions {
  /** Whether to use colour. */
  readonly color: boolean;
}

/** One identity as a row of the table. */
export interface IdentityRow {
  readonly identityUuid: string;
  /** Name for people: its address, or the name of a scenario. */
  readonly label: string;
  /** Number of its sessions (or messages) in this run. */
  readonly sessions: number;
  readonly primitives: readonly {
    readonly primitive: string;
    readonly state: string;
    readonly current_value: unknown;
    readonly confidence: number;
    readonly observation_count: number;
  }[];
}

/** The table of states with their counts. All five are listed, even with count 0.
 * @param states - primitives per state, as in `GET /stats`
 * @example renderStates({ stable: 3, drifting: 1 }, { color: false })
 */
export function renderStates(states: Readonly<Record<string, number>>, options: TableOptions): string {
  const table = newTable(["state", "primitives", "meaning"], ["left", "right", "left"]);
  const total = Object.values(states).reduce((sum, count) => sum + count, 0);
  for (const state of STATE_ORDER) {
    table.push([paint(state, state, options), formatCount(states[state] ?? 0), MEANING[state]]);
  }
  for (const [state, count] of Object.entries(states)) {
    if (!isKnownState(state)) table.push([state, formatCount(count), ""]);
  }
  table.push(["total", formatCount(total), ""]);
  return table.toString();
}

/** The table of identities: one row each, with the primitives that are not stable.
 * @param rows - in display order
 */
export function renderIdentities(rows: readonly IdentityRow[], options: TableOptions): string {
  const table = newTable(
    ["who, and which identity", "sessions", "state", "primitive", "value now"],
    ["left", "right", "left", "left", "left"],
  );
  for (const row of rows) {
    const shown = notablePrimitives(row);
    table.push([
      `${row.label}\n${row.identityUuid}`,
      formatCount(row.sessions),
      shown.map((each) => paint(each.state, each.state, options)).join("\n"),
      shown.map((each) => `${each.primitive} (${each.observation_count})`).join("\n"),
      shown.map((each) => shorten(each.current_value)).join("\n"),
    ]);
  }
  return table.toString();
}

/** The primitives of an identity that are `multi_actor`, `conflicted` or `drifting`, in that order. */
export function notablePrimitives(row: IdentityRow): IdentityRow["primitives"] {
  return row.primitives
    .filter((each) => rank(each.state) >= rank("drifting"))
    .toSorted((a, b) => rank(b.state) - rank(a.state) || (a.primitive < b.primitive ? -1 : 1));
}

/** Identities that are not stable, ordered by the number of `multi_actor`, then `conflicted`, then `drifting` primitives,
 * then by sessions.
 * @param limit - maximum number
 */
export function mostInteresting(rows: readonly IdentityRow[], limit: number): IdentityRow[] {
  const count = (row: IdentityRow, state: string) =>
    row.primitives.filter((each) => each.state === state).length;
  return rows
    .filter((row) => notablePrimitives(row).length > 0)
    .toSorted(
      (a, b) =>
        count(b, "multi_actor") - count(a, "multi_actor") ||
        count(b, "conflicted") - count(a, "conflicted") ||
        count(b, "drifting") - count(a, "drifting") ||
        b.sessions - a.sessions ||
        (a.identityUuid < b.identityUuid ? -1 : 1),
    )
    .slice(0, limit);
}

/** An empty table. */
export function newTable(head: string[], colAligns: ("left" | "right")[]): Table.Table {
  return new Table({ head, colAligns, style: { head: [], border: [], compact: false } });
}

function isKnownState(state: string): state is (typeof STATE_ORDER)[number] {
  return STATE_ORDER.some((known) => known === state);
}

function rank(state: string): number {
  return STATE_ORDER.findIndex((known) => known === state);
}

function paint(text: string, state: string, options: TableOptions): string {
  if (!options.color || !isKnownState(state)) return text;
  return styleText(COLOUR[state], text, { validateStream: false });
}

function formatCount(count: number): string {
  return count.toLocaleString("en-GB");
}

const VALUE_WIDTH = 32;

/** A value, or the text of it, that fits a column. */
export function shorten(value: unknown, width = VALUE_WIDTH): string {
  // The attacker chose the text of a banner or locale. Its control characters must not reach the terminal.
  const text = (typeof value === "string" ? value : JSON.stringify(value)).replace(/\p{C}/gu, "·");
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
