/**
 * Tables of states for the terminal: how many primitives are in which state, and the identities worth a look.
 * Colour only repeats what the words say, so a pipe or a screen without colour loses nothing. Leaves reading the
 * states to `client.ts`.
 */
import { styleText } from "node:util";
import Table from "cli-table3";

/** The five states in the order they are shown, the most telling last. */
export const STATE_ORDER = ["unknown", "stable", "drifting", "conflicted", "multi_actor"] as const;

const MEANING: Record<(typeof STATE_ORDER)[number], string> = {
  unknown: "too few observations to say",
  stable: "the same all along",
  drifting: "was one thing, is becoming another",
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
  /** Whether to colour; use `process.stdout.isTTY`. */
  readonly color: boolean;
}

/** One identity, as a row of the table of interesting ones. */
export interface IdentityRow {
  readonly identityUuid: string;
  /** What to call it for people: its address, or a scenario's name. */
  readonly label: string;
  /** Sessions (or messages) of it in this run. */
  readonly sessions: number;
  readonly primitives: readonly {
    readonly primitive: string;
    readonly state: string;
    readonly current_value: unknown;
    readonly confidence: number;
    readonly observation_count: number;
  }[];
}

/** The table of states with their counts, every one of the five named even when its count is 0.
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

/** The table of identities, one row each with the primitives that are not stable.
 * @param rows - in the order to be shown
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

/** Identities with something to tell, the most telling first: by the number of `multi_actor`, then `conflicted`, then
 * `drifting` primitives, then by sessions.
 * @param limit - how many at most
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

function newTable(head: string[], colAligns: ("left" | "right")[]): Table.Table {
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

function shorten(value: unknown): string {
  // A banner or a locale is the attacker's own text: control characters in it must not reach the terminal.
  const text = (typeof value === "string" ? value : JSON.stringify(value)).replace(/\p{C}/gu, "·");
  return text.length <= VALUE_WIDTH ? text : `${text.slice(0, VALUE_WIDTH - 1)}…`;
}
