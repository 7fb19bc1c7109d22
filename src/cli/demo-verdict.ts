/**
 * Compares the states that the demo read with those that the scenarios expect, and renders both. It reads nothing itself.
 */
import { styleText } from "node:util";
import Table from "cli-table3";
import { type State, STATES } from "../core/index.ts";
import type { SimulatedAttacker } from "../simulate/index.ts";

/** The states of one attacker, as the Worker reported them. */
export interface Seen {
  readonly attacker: SimulatedAttacker;
  readonly identityUuid: string;
  /** Sorted by primitive. */
  readonly primitives: readonly {
    readonly primitive: string;
    readonly state: string;
    readonly current_value: unknown;
  }[];
  /** The primitives of the last `multi_actor_suspected`, or null if none was published. */
  readonly suspected: readonly string[] | null;
}

/** How to print. */
interface VerdictStyle {
  readonly isColored: boolean;
  /** Width of the terminal in characters. Values are left out if it is too narrow. */
  readonly columns: number;
}

/** Minimum width of a table with values. */
const WIDE_COLUMNS = 104;
const VALUE_WIDTH = 24;

const COLORS = {
  unknown: "gray",
  stable: "green",
  drifting: "yellow",
  conflicted: "red",
  multi_actor: "magenta",
} as const satisfies Record<State, string>;

/**
 * Lists what differs from the scenarios, one sentence each: other states, a missing or unexpected suspicion, and states
 * that no attacker is in.
 * @returns an empty list if everything is as expected
 */
export function findDisagreements(seen: readonly Seen[]): string[] {
  const disagreements = seen.flatMap(({ attacker, primitives, suspected }) => {
    const { name, expected, isSuspected } = attacker.scenario;
    const states = new Map(primitives.map(({ primitive, state }) => [primitive, state]));
    const differing = Object.entries(expected)
      .filter(([primitive, state]) => states.get(primitive) !== state)
      .map(
        ([primitive, state]) =>
          `${name}: ${primitive} is ${states.get(primitive) ?? "missing"}, not ${state}`,
      );
    const unexpected = primitives
      .filter(({ primitive }) => !Object.hasOwn(expected, primitive))
      .map(({ primitive }) => `${name}: ${primitive} was never sent`);
    const suspicion =
      isSuspected === (suspected !== null)
        ? []
        : [
            `${name}: multi_actor_suspected was ${isSuspected ? "not published" : "published without reason"}`,
          ];
    return [...differing, ...unexpected, ...suspicion];
  });
  const shown = new Set(seen.flatMap(({ primitives }) => primitives.map(({ state }) => state)));
  const absent = STATES.filter((state) => !shown.has(state)).map((state) => `nobody is ${state}`);
  const isAnySuspected = seen.some(({ suspected }) => suspected !== null);
  return [...disagreements, ...absent, ...(isAnySuspected ? [] : ["nobody is suspected"])];
}

/** The table: one row per attacker, with one line per primitive. */
export function renderSeen(seen: readonly Seen[], style: VerdictStyle): string {
  const isWide = style.columns >= WIDE_COLUMNS;
  const table = new Table({
    head: ["scenario", "primitive", "state", ...(isWide ? ["value now"] : [])],
    style: { head: [], border: [] },
  });
  for (const { attacker, primitives } of seen) {
    const who = [
      paint(attacker.scenario.name, "bold", style),
      attacker.address,
      attacker.sessions === 1 ? "1 session" : `${attacker.sessions} sessions`,
    ];
    table.push([
      who.join("\n"),
      primitives.map(({ primitive }) => primitive).join("\n"),
      primitives.map(({ state }) => paintState(state, style)).join("\n"),
      ...(isWide ? [primitives.map(({ current_value: value }) => shorten(value)).join("\n")] : []),
    ]);
  }
  return table.toString();
}

/** Describes the attacker of each scenario. */
export function describeStories(attackers: readonly SimulatedAttacker[], style: VerdictStyle): string {
  return attackers
    .map(({ scenario }) => {
      const summary = wrap(scenario.summary.split(" "), style.columns, 4);
      return `  ${paint(scenario.name, "bold", style)}\n    ${summary}`;
    })
    .join("\n");
}

/** Describes which scenario produced which states, and which have a suspicion. */
export function describeSeen(seen: readonly Seen[], style: VerdictStyle): string {
  const width = Math.max(...STATES.map((state) => state.length));
  const producers = STATES.map((state) => {
    const names = seen.flatMap(({ attacker, primitives }) => {
      const count = primitives.filter((each) => each.state === state).length;
      return count === 0 ? [] : [`${attacker.scenario.name} (${count})`];
    });
    const list = names.length === 0 ? ["nobody"] : commaAfterEach(names);
    return `  ${paintState(state, style)}${" ".repeat(width - state.length)}  ${wrap(list, style.columns, width + 4)}`;
  });
  const suspicions = seen.flatMap(({ attacker, suspected }) => {
    if (suspected === null) return [];
    const words = `${attacker.scenario.name}: multi_actor_suspected was published, because ${suspected.length} primitives alternate:`;
    return [`  ${wrap([...words.split(" "), ...commaAfterEach(suspected)], style.columns, 2)}`];
  });
  return [
    "Which scenario produced which state (in how many primitives)",
    ...producers,
    "",
    "Suspicion",
    ...(suspicions.length === 0 ? ["  nobody"] : suspicions),
  ].join("\n");
}

function commaAfterEach(names: readonly string[]): string[] {
  return names.map((name, index) => (index < names.length - 1 ? `${name},` : name));
}

/** Breaks words into lines. The caller has indented the first line already; the others are indented here. */
function wrap(words: readonly string[], columns: number, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && indent + line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}

function shorten(value: unknown): string {
  const text =
    typeof value === "number"
      ? String(Math.round(value * 100) / 100)
      : typeof value === "string"
        ? value
        : JSON.stringify(value);
  return text.length <= VALUE_WIDTH ? text : `${text.slice(0, VALUE_WIDTH - 1)}…`;
}

function paintState(state: string, style: VerdictStyle): string {
  const known = STATES.find((each) => each === state);
  return known === undefined ? state : paint(state, COLORS[known], style);
}

function paint(text: string, format: Parameters<typeof styleText>[0], style: VerdictStyle): string {
  return style.isColored ? styleText(format, text, { validateStream: false }) : text;
}
